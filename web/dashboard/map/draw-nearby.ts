import { distanceKm, rimOf, type Circle, type Position } from '../data/circle.js';
import { drawLabel } from './draw-label.js';
import type { Palette } from '../palette.js';
import type { NearbyPlace, Selection } from '../data/selection.js';
import type { Viewport } from './viewport.js';
import { formatKilometres } from '../data/format.js';

/** Half diagonal of the highlighted diamond and of the others, in pixels. */
const [highlightedPixels, otherPixels] = [14, 11];

interface Scene {
  readonly view: Viewport;
  readonly selection: Selection;
  readonly palette: Palette;
}

/** Paints the searched circle, a circle through the farthest result, and a numbered diamond per result. */
export function drawNearby(context: CanvasRenderingContext2D, { view, selection, palette }: Scene): void {
  const { places, circle } = selection.results;
  if (circle !== undefined) {
    const positions = places.flatMap(({ position }) => (position === undefined ? [] : [position]));
    const farthestKm = Math.max(0, ...positions.map((position) => distanceKm(circle.centre, position)));
    drawCircle(context, circle, [], view, palette);
    // If all results are near the centre, the searched circle is out of view.
    if (farthestKm > 0) drawCircle(context, { ...circle, radiusKm: farthestKm }, [3, 5], view, palette);
  }
  // The first result is on top.
  for (const [index, place] of [...places.entries()].reverse()) {
    if (place !== selection.highlighted) drawDiamond(context, place, index, otherPixels, view, palette);
  }
  const { highlighted } = selection;
  if (highlighted?.position === undefined) return;
  drawDiamond(context, highlighted, places.indexOf(highlighted), highlightedPixels, view, palette);
  const [x, y] = pixelsOf(highlighted.position, view);
  drawLabel(context, { view, palette, text: highlighted.title, x, y });
}

function drawCircle(
  context: CanvasRenderingContext2D,
  circle: Circle,
  dash: readonly number[],
  view: Viewport,
  palette: Palette,
): void {
  context.strokeStyle = palette.of('nearby');
  context.lineWidth = 1.5;
  context.globalAlpha = 0.75;
  context.setLineDash([...dash]);
  context.beginPath();
  let lastX = Infinity;
  for (const place of rimOf(circle)) {
    const [x, y] = pixelsOf(place, view);
    // No line across the edge of the map.
    if (Math.abs(x - lastX) < 180 * view.scale) context.lineTo(x, y);
    else context.moveTo(x, y);
    lastX = x;
  }
  context.stroke();
  context.setLineDash([]);
  context.globalAlpha = 1;
  drawRadius(context, circle, view, palette);
}

/** Labels a circle with its radius, at its southern end. */
function drawRadius(context: CanvasRenderingContext2D, circle: Circle, view: Viewport, palette: Palette): void {
  const [latitude, longitude] = circle.centre;
  const lowest = rimOf(circle).reduce((low, [north]) => Math.min(low, north), latitude);
  const [x, y] = pixelsOf([lowest, longitude], view);
  context.font = '600 11.5px system-ui, sans-serif';
  context.textAlign = 'center';
  context.strokeStyle = palette.of('card');
  context.lineWidth = 4;
  context.lineJoin = 'round';
  context.strokeText(formatKilometres(circle.radiusKm), x, y + 4);
  context.fillStyle = palette.of('nearby');
  context.fillText(formatKilometres(circle.radiusKm), x, y + 4);
  context.textAlign = 'start';
}

function drawDiamond(
  context: CanvasRenderingContext2D,
  { position }: NearbyPlace,
  index: number,
  size: number,
  view: Viewport,
  palette: Palette,
): void {
  if (position === undefined) return;
  const [x, y] = pixelsOf(position, view);
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
  context.font = `700 ${index < 99 ? 10 : 8}px system-ui, sans-serif`;
  context.textAlign = 'center';
  context.fillStyle = palette.of('card');
  context.fillText(String(index + 1), x, y + 3.5);
  context.textAlign = 'start';
}

function pixelsOf([latitude, longitude]: Position, view: Viewport): readonly [x: number, y: number] {
  return [view.x(longitude), view.y(latitude)];
}
