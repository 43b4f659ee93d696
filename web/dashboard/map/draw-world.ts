import type { Palette } from '../palette.js';
import type { Viewport } from './viewport.js';
import type { Land } from './world.js';

/** Possible grid spacings in degrees. */
const grids = [90, 30, 10, 5, 1, 0.5, 0.1, 0.05, 0.01];

/** Minimum distance of grid lines in pixels. */
const minGridPixels = 60;

/** Font size of grid labels in pixels. */
const labelPixels = 11;

/** Paints the sea, the land and the grid. `ratio` is device pixels per CSS pixel. */
export function drawWorld(
  context: CanvasRenderingContext2D,
  view: Viewport,
  land: readonly Land[],
  palette: Palette,
  ratio: number,
): void {
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.fillStyle = palette.of('sea');
  context.fillRect(0, 0, context.canvas.width, context.canvas.height);
  context.fillStyle = palette.of('land');
  context.strokeStyle = palette.of('coast');
  context.lineWidth = 1 / view.scale;
  context.save();
  // Land that crosses the edge of the map is painted at the other edge as well.
  const perDegree = view.scale * ratio;
  context.setTransform(perDegree, 0, 0, perDegree, view.x(0) * ratio, view.y(0) * ratio);
  context.beginPath();
  context.rect(-180, -90, 360, 180);
  context.clip();
  for (const turn of [0, -360, 360]) {
    context.setTransform(perDegree, 0, 0, perDegree, view.x(turn) * ratio, view.y(0) * ratio);
    for (const piece of land) {
      if (!isVisible(piece, view, turn)) continue;
      context.fill(piece.path, 'evenodd');
      context.stroke(piece.path);
    }
  }
  context.restore();
  drawGrid(context, view, palette, ratio);
}

/** Whether a piece of land, shifted by `turn` degrees, is visible. */
function isVisible({ west, east, south, north }: Land, view: Viewport, turn: number): boolean {
  const [left, right] = [Math.max(-180, view.longitudeAt(0)), Math.min(180, view.longitudeAt(view.width))];
  if (east + turn < left || west + turn > right) return false;
  return north >= view.latitudeAt(view.height) && south <= view.latitudeAt(0);
}

function drawGrid(context: CanvasRenderingContext2D, view: Viewport, palette: Palette, ratio: number): void {
  const every = grids.findLast((degrees) => degrees * view.scale >= minGridPixels) ?? 90;
  const west = Math.max(-180, Math.ceil(view.longitudeAt(0) / every) * every);
  const meridians = steps(west, Math.min(180, view.longitudeAt(view.width)), every);
  const south = Math.max(-90, Math.ceil(view.latitudeAt(view.height) / every) * every);
  const parallels = steps(south, Math.min(90, view.latitudeAt(0)), every);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.strokeStyle = palette.of('grid');
  context.lineWidth = 1;
  context.beginPath();
  for (const longitude of meridians) {
    const x = Math.round(view.x(longitude)) + 0.5;
    context.moveTo(x, 0);
    context.lineTo(x, view.height);
  }
  for (const latitude of parallels) {
    const y = Math.round(view.y(latitude)) + 0.5;
    context.moveTo(0, y);
    context.lineTo(view.width, y);
  }
  context.stroke();
  const paintLabel = createLabelPainter(context, palette);
  for (const longitude of meridians) {
    const text = degreesText(longitude, every, 'E', 'W');
    const x = view.x(longitude) + 4;
    if (x >= 0 && x + context.measureText(text).width < view.width) paintLabel(text, x, view.height - 6);
  }
  for (const latitude of parallels) {
    const y = view.y(latitude) - 4;
    // The bottom rows are reserved for labels of longitude.
    if (y > labelPixels && y < view.height - 2 * labelPixels) paintLabel(degreesText(latitude, every, 'N', 'S'), 6, y);
  }
}

/** Returns a function that paints text with an outline, so that it is legible on lines and coasts. */
function createLabelPainter(
  context: CanvasRenderingContext2D,
  palette: Palette,
): (text: string, x: number, y: number) => void {
  context.font = `${labelPixels}px system-ui, sans-serif`;
  context.textAlign = 'start';
  context.fillStyle = palette.of('grid-text');
  context.strokeStyle = palette.of('sea');
  context.lineWidth = 3;
  context.lineJoin = 'round';
  return (text, x, y) => {
    context.strokeText(text, x, y);
    context.fillText(text, x, y);
  };
}

function steps(from: number, to: number, every: number): number[] {
  return Array.from({ length: Math.max(0, Math.floor((to - from) / every) + 1) }, (_, index) => from + index * every);
}

function degreesText(degrees: number, every: number, plus: string, minus: string): string {
  const text = Math.abs(degrees).toFixed(every < 0.1 ? 2 : every < 1 ? 1 : 0);
  return Number(text) === 0 ? '0°' : `${text}° ${degrees > 0 ? plus : minus}`;
}
