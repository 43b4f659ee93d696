import type { FaultBand } from '../../src/simulation/report/timeline-data.js';
import type { Scene } from './scene.js';
import { drawBand, drawMark } from './symbols.js';

/** Height of the strip that marks a link fault in a lane, in pixels. */
const stripHeight = 5;

/** Maximum number of strips in a lane, one below the other. */
const maxStrips = 3;

/** Returns the range of visible lanes; the last is exclusive. */
function visibleLanes({ data, layout, scrollTop, lanesViewHeight }: Scene): [first: number, end: number] {
  const first = Math.floor(scrollTop / layout.laneHeight);
  return [first, Math.min(data.lanes.length, Math.ceil((scrollTop + lanesViewHeight) / layout.laneHeight))];
}

/** Draws what is below the messages: lanes and faults. */
export function drawLanes(context: CanvasRenderingContext2D, scene: Scene): void {
  const { layout, palette, scrollTop } = scene;
  const [first, end] = visibleLanes(scene);
  for (let lane = first; lane < end; lane += 1) {
    const top = lane * layout.laneHeight - scrollTop;
    context.fillStyle = palette.of(lane % 2 === 0 ? 'card' : 'stripe');
    context.fillRect(0, top, layout.width, layout.laneHeight);
    context.strokeStyle = palette.of('lane');
    context.lineWidth = 1.25;
    context.setLineDash([]);
    context.beginPath();
    context.moveTo(layout.gutter, top + layout.laneHeight / 2);
    context.lineTo(layout.width, top + layout.laneHeight / 2);
    context.stroke();
  }
  drawFaults(context, scene, first, end);
  drawOmitted(context, scene);
}

function drawFaults(context: CanvasRenderingContext2D, scene: Scene, first: number, end: number): void {
  const { data, layout, palette, viewport, scrollTop } = scene;
  const strips = new Map<number, FaultBand[]>();
  for (const faultBand of data.bands) {
    if (faultBand.toMs < viewport.fromMs || faultBand.fromMs > viewport.toMs) continue;
    const left = Math.max(layout.gutter, layout.x(faultBand.fromMs));
    const width = Math.max(2, Math.min(layout.width, layout.x(faultBand.toMs)) - left);
    for (const lane of faultBand.lanes) {
      if (lane < first || lane >= end) continue;
      const top = lane * layout.laneHeight - scrollTop;
      if (faultBand.kind === 'crash' || faultBand.kind === 'pause') {
        drawBand(context, faultBand.kind, [left, top + 1, width, layout.laneHeight - 2], palette.of(faultBand.kind));
        continue;
      }
      const overlapping = (strips.get(lane) ?? []).filter(({ toMs }) => toMs > faultBand.fromMs);
      strips.set(lane, [...overlapping, faultBand]);
      const row = Math.min(overlapping.length, maxStrips - 1);
      context.fillStyle = palette.of(faultBand.kind);
      context.globalAlpha = 0.75;
      context.fillRect(left, top + layout.laneHeight - (row + 1) * (stripHeight + 1), width, stripHeight);
      context.globalAlpha = 1;
    }
  }
}

/** Shades the times whose messages were omitted. */
function drawOmitted(context: CanvasRenderingContext2D, scene: Scene): void {
  const { data, layout, palette, lanesViewHeight } = scene;
  const { keptFromMs, keptToMs } = data.omitted;
  for (const [fromMs, toMs] of [
    [0, keptFromMs],
    [keptToMs, data.result.simulatedMs],
  ] as const) {
    const left = Math.max(layout.gutter, layout.x(fromMs));
    const right = Math.min(layout.width, layout.x(toMs));
    if (right - left < 1) continue;
    context.fillStyle = palette.of('rule');
    context.globalAlpha = 0.7;
    context.fillRect(left, 0, right - left, lanesViewHeight);
    context.globalAlpha = 1;
    if (right - left < 180) continue;
    context.fillStyle = palette.of('ink');
    context.font = `600 12px ${getComputedStyle(document.body).fontFamily}`;
    context.textAlign = 'center';
    context.fillText('messages omitted', (left + right) / 2, 18);
    context.textAlign = 'left';
  }
}

/** Draws what is above the messages: link and actor events, and violations. */
export function drawMarks(context: CanvasRenderingContext2D, scene: Scene): void {
  const { data, layout, palette, viewport, scrollTop, lanesViewHeight } = scene;
  const painted = new Set<string>();
  context.lineWidth = 1.75;
  for (const item of data.marks) {
    if (item.atMs < viewport.fromMs || item.atMs > viewport.toMs) continue;
    const x = layout.x(item.atMs);
    const y = layout.laneY(item.lane) - scrollTop;
    const key = `${item.kind} ${item.lane} ${Math.round(x)}`;
    if (y < -10 || y > lanesViewHeight + 10 || painted.has(key)) continue;
    painted.add(key);
    context.strokeStyle = palette.of(item.kind === 'link up' ? 'up' : 'crash');
    drawMark(context, item.kind, x, y, palette.of('card'));
  }
  for (const [index, violation] of [...data.result.violations.entries()].reverse()) {
    const x = layout.x(violation.atMs);
    if (x < layout.gutter - 1 || x > layout.width) continue;
    context.strokeStyle = palette.of('violation');
    context.lineWidth = index === 0 ? 2 : 1;
    context.setLineDash(index === 0 ? [] : [3, 3]);
    context.beginPath();
    context.moveTo(x, 0);
    context.lineTo(x, lanesViewHeight);
    context.stroke();
    const lane = data.lanes.indexOf(violation.server ?? '');
    if (index > 0 || lane < 0) continue;
    context.lineWidth = 2.5;
    context.beginPath();
    context.arc(x, layout.laneY(lane) - scrollTop, 9, 0, 2 * Math.PI);
    context.stroke();
  }
}
