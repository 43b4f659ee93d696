import type { Locations } from './locations.js';
import type { Palette } from './palette.js';
import type { Nearby, Selection } from './selection.js';
import type { Viewport } from './viewport.js';

/** What marks are painted from. */
export interface Marks {
  readonly view: Viewport;
  readonly locations: Locations;
  readonly selection: Selection;
  /** The client that the pointer is at. */
  readonly pointed: number | undefined;
  readonly palette: Palette;
  /** Device pixels a pixel. */
  readonly ratio: number;
  readonly nowMs: number;
}

/** Paints what the reader looks at: the picked client, the one pointed at, and what is near. */
export function paintMarks(
  context: CanvasRenderingContext2D,
  { view, locations, selection, pointed, palette, ratio, nowMs }: Marks,
): void {
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, view.width, view.height);
  context.font = '600 13px system-ui, sans-serif';
  for (const nearby of selection.nearby) paintNearby(context, view, nearby, palette, nearby === selection.looked);
  const picked = selection.client === undefined ? undefined : locations.indexOf(selection.client);
  for (const at of new Set([pointed, picked])) {
    if (at === undefined) continue;
    const [x, y] = [view.x(locations.longitudeAt(at, nowMs)), view.y(locations.latitudeAt(at, nowMs))];
    context.strokeStyle = palette.of('ink');
    context.lineWidth = at === picked ? 2 : 1;
    context.beginPath();
    context.arc(x, y, 10, 0, 2 * Math.PI);
    context.stroke();
    paintLabel(context, view, locations.clients[at] ?? '', x, y, palette);
  }
}

function paintNearby(
  context: CanvasRenderingContext2D,
  view: Viewport,
  { position, title }: Nearby,
  palette: Palette,
  looked: boolean,
): void {
  if (position === undefined) return;
  const [x, y] = [view.x(position[1]), view.y(position[0])];
  const size = looked ? 8 : 5;
  context.beginPath();
  context.moveTo(x, y - size);
  context.lineTo(x + size, y);
  context.lineTo(x, y + size);
  context.lineTo(x - size, y);
  context.closePath();
  context.fillStyle = palette.of('nearby');
  context.fill();
  context.strokeStyle = palette.of('card');
  context.lineWidth = 1.5;
  context.stroke();
  // Below the label of the client, which may be right beside it.
  if (looked) paintLabel(context, view, title, x, y + 28, palette);
}

function paintLabel(
  context: CanvasRenderingContext2D,
  view: Viewport,
  text: string,
  x: number,
  y: number,
  palette: Palette,
): void {
  const shown = text.length > 40 ? `${text.slice(0, 39)}…` : text;
  const width = context.measureText(shown).width + 14;
  const left = x + 14 + width > view.width ? x - 14 - width : x + 14;
  context.fillStyle = palette.of('card');
  context.globalAlpha = 0.92;
  context.beginPath();
  context.roundRect(left, y - 12, width, 24, 6);
  context.fill();
  context.globalAlpha = 1;
  context.fillStyle = palette.of('ink');
  context.fillText(shown, left + 7, y + 4.5);
}
