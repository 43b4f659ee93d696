import type { Scene } from './scene.js';

/** Width of an overview column, in pixels. */
const columnWidth = 2;

/** Converts a position in the overview to a time, in milliseconds. */
export function overviewMs({ layout, viewport }: Scene, x: number): number {
  return (x / layout.width) * viewport.totalMs;
}

/** Counts the messages that arrived in each column of the overview; independent of the viewport. */
export function overviewCounts({ messages, layout, viewport }: Scene): Float64Array {
  const counts = new Float64Array(Math.max(1, Math.ceil(layout.width / columnWidth)));
  for (const atMs of messages.arrivedMs) {
    const column = Math.min(counts.length - 1, Math.floor((atMs / viewport.totalMs) * counts.length));
    counts[column] = (counts[column] ?? 0) + 1;
  }
  return counts;
}

/** Draws the whole run in small, and the part of it that the timeline shows. */
export function drawOverview(
  context: CanvasRenderingContext2D,
  scene: Scene,
  counts: Float64Array,
  height: number,
): void {
  const { data, layout, palette, viewport } = scene;
  const x = (ms: number) => (ms / viewport.totalMs) * layout.width;
  context.fillStyle = palette.of('paper');
  context.fillRect(0, 0, layout.width, height);
  for (const { kind, fromMs, toMs } of data.bands) {
    context.fillStyle = palette.of(kind);
    context.globalAlpha = 0.12;
    context.fillRect(x(fromMs), 0, Math.max(1, x(toMs) - x(fromMs)), height);
  }
  context.globalAlpha = 1;
  context.fillStyle = palette.of('lane');
  const highestCount = counts.reduce((a, b) => Math.max(a, b), 1);
  const width = layout.width / counts.length;
  for (const [column, count] of counts.entries()) {
    // The square root keeps small counts visible beside peaks.
    const bar = Math.sqrt(count / highestCount) * (height - 6);
    context.fillRect(column * width, height - bar, Math.max(1, width - 0.5), bar);
  }
  for (const { atMs } of data.result.violations) {
    context.fillStyle = palette.of('violation');
    context.fillRect(x(atMs) - 1, 0, 2, height);
  }
  const left = x(viewport.fromMs);
  const right = Math.max(left + 4, x(viewport.toMs));
  context.fillStyle = palette.of('accent');
  context.globalAlpha = 0.13;
  context.fillRect(left, 0, right - left, height);
  context.globalAlpha = 1;
  context.strokeStyle = palette.of('accent');
  context.lineWidth = 2;
  context.setLineDash([]);
  context.strokeRect(left + 1, 1, right - left - 2, height - 2);
}
