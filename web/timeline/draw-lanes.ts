import type { FaultBand } from '../../src/simulation/report/timeline-data.js';
import type { Scene } from './scene.js';
import { band, mark } from './symbols.js';

/** The height of the strip by which a lane shows trouble on its links, in pixels. */
const stripHeight = 5;

/** Strips that fit into a lane, one below the other. */
const stripsMax = 3;

/** The lanes that are seen: from the first, to before the last. */
function seenLanes({ data, layout, scrollTop, stageHeight }: Scene): [first: number, end: number] {
  const first = Math.floor(scrollTop / layout.laneHeight);
  return [first, Math.min(data.servers.length, Math.ceil((scrollTop + stageHeight) / layout.laneHeight))];
}

/** Paints what lies below the messages: lanes, and what was broken when. */
export function paintLanes(pen: CanvasRenderingContext2D, scene: Scene): void {
  const { layout, palette, scrollTop } = scene;
  const [first, end] = seenLanes(scene);
  for (let lane = first; lane < end; lane += 1) {
    const top = lane * layout.laneHeight - scrollTop;
    pen.fillStyle = palette.of(lane % 2 === 0 ? 'card' : 'stripe');
    pen.fillRect(0, top, layout.width, layout.laneHeight);
    pen.strokeStyle = palette.of('lane');
    pen.lineWidth = 1.25;
    pen.setLineDash([]);
    pen.beginPath();
    pen.moveTo(layout.gutter, top + layout.laneHeight / 2);
    pen.lineTo(layout.width, top + layout.laneHeight / 2);
    pen.stroke();
  }
  paintFaults(pen, scene, first, end);
  paintUnknown(pen, scene);
}

function paintFaults(pen: CanvasRenderingContext2D, scene: Scene, first: number, end: number): void {
  const { data, layout, palette, viewport, scrollTop } = scene;
  const strips = new Map<number, FaultBand[]>();
  for (const each of data.bands) {
    if (each.toMs < viewport.fromMs || each.fromMs > viewport.toMs) continue;
    const left = Math.max(layout.gutter, layout.x(each.fromMs));
    const width = Math.max(2, Math.min(layout.width, layout.x(each.toMs)) - left);
    for (const lane of each.lanes) {
      if (lane < first || lane >= end) continue;
      const top = lane * layout.laneHeight - scrollTop;
      if (each.kind === 'crash' || each.kind === 'pause') {
        band(pen, each.kind, [left, top + 1, width, layout.laneHeight - 2], palette.of(each.kind));
        continue;
      }
      const before = (strips.get(lane) ?? []).filter(({ toMs }) => toMs > each.fromMs);
      strips.set(lane, [...before, each]);
      const row = Math.min(before.length, stripsMax - 1);
      pen.fillStyle = palette.of(each.kind);
      pen.globalAlpha = 0.75;
      pen.fillRect(left, top + layout.laneHeight - (row + 1) * (stripHeight + 1), width, stripHeight);
      pen.globalAlpha = 1;
    }
  }
}

/** Shades the times of which the messages were left out. */
function paintUnknown(pen: CanvasRenderingContext2D, scene: Scene): void {
  const { data, layout, palette, stageHeight } = scene;
  const { keptFromMs, keptToMs } = data.leftOut;
  for (const [fromMs, toMs] of [
    [0, keptFromMs],
    [keptToMs, data.result.simulatedMs],
  ] as const) {
    const left = Math.max(layout.gutter, layout.x(fromMs));
    const right = Math.min(layout.width, layout.x(toMs));
    if (right - left < 1) continue;
    pen.fillStyle = palette.of('rule');
    pen.globalAlpha = 0.7;
    pen.fillRect(left, 0, right - left, stageHeight);
    pen.globalAlpha = 1;
    if (right - left < 180) continue;
    pen.fillStyle = palette.of('ink');
    pen.font = `600 12px ${getComputedStyle(document.body).fontFamily}`;
    pen.textAlign = 'center';
    pen.fillText('messages left out', (left + right) / 2, 18);
    pen.textAlign = 'left';
  }
}

/** Paints what lies above the messages: what happened to links and actors, and the violations. */
export function paintMarks(pen: CanvasRenderingContext2D, scene: Scene): void {
  const { data, layout, palette, viewport, scrollTop, stageHeight } = scene;
  const painted = new Set<string>();
  pen.lineWidth = 1.75;
  for (const each of data.marks) {
    if (each.atMs < viewport.fromMs || each.atMs > viewport.toMs) continue;
    const x = layout.x(each.atMs);
    const y = layout.laneY(each.lane) - scrollTop;
    const key = `${each.kind} ${each.lane} ${Math.round(x)}`;
    if (y < -10 || y > stageHeight + 10 || painted.has(key)) continue;
    painted.add(key);
    pen.strokeStyle = palette.of(each.kind === 'link up' ? 'up' : 'crash');
    mark(pen, each.kind, x, y, palette.of('card'));
  }
  for (const [index, violation] of [...data.result.violations.entries()].reverse()) {
    const x = layout.x(violation.atMs);
    if (x < layout.gutter - 1 || x > layout.width) continue;
    pen.strokeStyle = palette.of('violated');
    pen.lineWidth = index === 0 ? 2 : 1;
    pen.setLineDash(index === 0 ? [] : [3, 3]);
    pen.beginPath();
    pen.moveTo(x, 0);
    pen.lineTo(x, stageHeight);
    pen.stroke();
    const lane = data.servers.indexOf(violation.server ?? '');
    if (index > 0 || lane < 0) continue;
    pen.lineWidth = 2.5;
    pen.beginPath();
    pen.arc(x, layout.laneY(lane) - scrollTop, 9, 0, 2 * Math.PI);
    pen.stroke();
  }
}
