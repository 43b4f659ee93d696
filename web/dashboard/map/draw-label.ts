import type { Palette } from '../palette.js';
import type { Viewport } from './viewport.js';

/** Longer texts are cut. */
const maxCharacters = 40;

/** Text and the pixel that it is drawn beside. */
interface Label {
  readonly view: Viewport;
  readonly palette: Palette;
  readonly text: string;
  readonly x: number;
  readonly y: number;
}

/** Paints a text to the right of a pixel or, near the edge of the map, to the left. */
export function drawLabel(context: CanvasRenderingContext2D, { view, palette, text, x, y }: Label): void {
  const shownText = text.length > maxCharacters ? `${text.slice(0, maxCharacters - 1)}…` : text;
  context.font = '600 13px system-ui, sans-serif';
  context.textAlign = 'start';
  const width = context.measureText(shownText).width + 14;
  const left = x + 16 + width > view.width ? x - 16 - width : x + 16;
  context.fillStyle = palette.of('card');
  context.globalAlpha = 0.92;
  context.beginPath();
  context.roundRect(left, y - 12, width, 24, 6);
  context.fill();
  context.globalAlpha = 1;
  context.fillStyle = palette.of('ink');
  context.fillText(shownText, left + 7, y + 4.5);
}
