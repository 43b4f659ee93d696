import type { Locations } from '../data/locations.js';
import type { Palette } from '../palette.js';
import { drawLabel } from './draw-label.js';
import type { Selection } from '../data/selection.js';
import type { Viewport } from './viewport.js';

/** Input of `drawMarks`. */
export interface Marks {
  readonly view: Viewport;
  readonly locations: Locations;
  readonly selection: Selection;
  /** Index of the client under the pointer. */
  readonly hovered: number | undefined;
  readonly palette: Palette;
  readonly nowMs: number;
}

/** Paints rings and labels of the selected client and the one under the pointer. */
export function drawMarks(
  context: CanvasRenderingContext2D,
  { view, locations, selection, hovered, palette, nowMs }: Marks,
): void {
  const selected = selection.client === undefined ? undefined : locations.indexOf(selection.client);
  for (const index of new Set([hovered, selected])) {
    if (index === undefined) continue;
    const [x, y] = [view.x(locations.longitudeAt(index, nowMs)), view.y(locations.latitudeAt(index, nowMs))];
    context.strokeStyle = palette.of('ink');
    context.lineWidth = index === selected ? 2 : 1;
    context.beginPath();
    context.arc(x, y, 10, 0, 2 * Math.PI);
    context.stroke();
    // The label would hide search results; the client panel shows the ID anyway.
    if (index === selected && index !== hovered && selection.results.places.length > 0) continue;
    drawLabel(context, { view, palette, text: locations.clients[index] ?? '', x, y });
  }
}
