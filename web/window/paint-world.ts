import type { Palette } from './palette.js';
import type { Viewport } from './viewport.js';
import type { Land } from './world.js';

/** Degrees between the lines of the grid, from far to near. */
const grids = [90, 30, 10, 5, 1, 0.5, 0.1, 0.05, 0.01];

/** How near two lines of the grid may come, in pixels. */
const gridPixelsMin = 60;

/** Paints the sea, the land and the grid. `ratio` is device pixels a pixel. */
export function paintWorld(
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
  // What reaches over the edge of the world is painted at its other edge too, and nothing outside of it.
  const perDegree = view.scale * ratio;
  context.setTransform(perDegree, 0, 0, perDegree, view.x(0) * ratio, view.y(0) * ratio);
  context.beginPath();
  context.rect(-180, -90, 360, 180);
  context.clip();
  for (const turn of [0, -360, 360]) {
    context.setTransform(perDegree, 0, 0, perDegree, view.x(turn) * ratio, view.y(0) * ratio);
    for (const piece of land) {
      if (!isInSight(piece, view, turn)) continue;
      context.fill(piece.path, 'evenodd');
      context.stroke(piece.path);
    }
  }
  context.restore();
  paintGrid(context, view, palette, ratio);
}

/** Whether a piece of land that is moved by whole turns is in the part of the world that the map shows. */
function isInSight({ west, east, south, north }: Land, view: Viewport, turn: number): boolean {
  const [left, right] = [Math.max(-180, view.longitudeAt(0)), Math.min(180, view.longitudeAt(view.width))];
  if (east + turn < left || west + turn > right) return false;
  return north >= view.latitudeAt(view.height) && south <= view.latitudeAt(0);
}

function paintGrid(context: CanvasRenderingContext2D, view: Viewport, palette: Palette, ratio: number): void {
  const every = grids.findLast((degrees) => degrees * view.scale >= gridPixelsMin) ?? 90;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.strokeStyle = palette.of('grid');
  context.lineWidth = 1;
  context.fillStyle = palette.of('grid-text');
  context.font = '11px system-ui, sans-serif';
  context.beginPath();
  const from = Math.max(-180, Math.ceil(view.longitudeAt(0) / every) * every);
  for (let longitude = from; longitude <= Math.min(180, view.longitudeAt(view.width)); longitude += every) {
    const x = Math.round(view.x(longitude)) + 0.5;
    context.moveTo(x, 0);
    context.lineTo(x, view.height);
    context.fillText(degreesText(longitude, every, 'E', 'W'), x + 4, view.height - 6);
  }
  const bottom = Math.max(-90, Math.ceil(view.latitudeAt(view.height) / every) * every);
  for (let latitude = bottom; latitude <= Math.min(90, view.latitudeAt(0)); latitude += every) {
    const y = Math.round(view.y(latitude)) + 0.5;
    context.moveTo(0, y);
    context.lineTo(view.width, y);
    context.fillText(degreesText(latitude, every, 'N', 'S'), 6, y - 4);
  }
  context.stroke();
}

function degreesText(degrees: number, every: number, plus: string, minus: string): string {
  const text = Math.abs(degrees).toFixed(every < 0.1 ? 2 : every < 1 ? 1 : 0);
  return Number(text) === 0 ? '0°' : `${text}° ${degrees > 0 ? plus : minus}`;
}
