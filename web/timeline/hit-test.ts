import type { FaultBand } from '../../src/simulation/report/timeline-data.js';
import { trackHeight } from './layout.js';
import { messageLine } from './draw-messages.js';
import { findMessagesInView, type Scene, type Target } from './scene.js';

/** Distance within which a pointer hits, in pixels; larger for a finger. */
const radiusByPointer: Readonly<Record<string, number>> = { mouse: 7, pen: 9 };
const touchRadius = 18;

/** Finds the target on the lanes: marks before messages, messages before faults. */
export function findOnLanes(scene: Scene, x: number, y: number, pointer: string): Target | undefined {
  const { data, layout, scrollTop } = scene;
  if (x < layout.gutter) return undefined;
  const radius = radiusByPointer[pointer] ?? touchRadius;
  for (const mark of data.marks) {
    const distance = Math.hypot(layout.x(mark.atMs) - x, layout.laneY(mark.lane) - scrollTop - y);
    if (distance <= Math.min(radius, 6)) return { kind: 'mark', mark };
  }
  const index = nearestMessage(scene, x, y, radius);
  if (index !== undefined) return { kind: 'message', index };
  const violation = data.result.violations.find(({ atMs }) => Math.abs(layout.x(atMs) - x) <= radius);
  if (violation !== undefined) return { kind: 'violation', violation };
  const lane = Math.floor((y + scrollTop) / layout.laneHeight);
  return bandAt(scene, x, ({ lanes }) => lanes.includes(lane));
}

/** Finds the target above the lanes. */
export function findInHead(scene: Scene, x: number, y: number, pointer: string): Target | undefined {
  const { data, layout } = scene;
  if (x < layout.gutter) return undefined;
  const radius = radiusByPointer[pointer] ?? touchRadius;
  const flag = data.result.violations.find(({ atMs }) => Math.abs(layout.x(atMs) - x) <= radius);
  if (flag !== undefined && y < layout.scriptTop) return { kind: 'violation', violation: flag };
  if (y >= layout.scriptTop && y < layout.faultTop(0)) {
    const [step] = [...data.steps].reverse().filter(({ atMs }) => layout.x(atMs) <= x + radius);
    if (step !== undefined && x - layout.x(step.atMs) < 240) return { kind: 'step', step };
  }
  const row = Math.floor((y - layout.faultTop(0)) / trackHeight);
  return bandAt(scene, x, (band) => layout.faultRows.get(band) === row);
}

/** Returns the next or previous shown message in the order of sending; if none is chosen, the first or last in view. */
export function nextMessage(scene: Scene, step: 1 | -1): number | undefined {
  const { messages, hidden, target, viewport } = scene;
  const start =
    target?.kind === 'message'
      ? target.index + step
      : messages.firstSentAfter(step === 1 ? viewport.fromMs - 1e-9 : viewport.toMs) - (step === 1 ? 0 : 1);
  for (let index = start; index >= 0 && index < messages.count; index += step) {
    if (!hidden.has(messages.kind[index] ?? 0)) return index;
  }
  return undefined;
}

function nearestMessage(scene: Scene, x: number, y: number, radius: number): number | undefined {
  let best: number | undefined;
  let lowestDistance = radius;
  const { arrows, ticks } = findMessagesInView(scene);
  for (const indices of [arrows, ticks]) {
    for (const index of indices) {
      const distance = distanceTo(messageLine(scene, index), x, y);
      if (distance > lowestDistance) continue;
      lowestDistance = distance;
      best = index;
    }
  }
  return best;
}

/** Distance of a point from a line segment. */
function distanceTo([x1, y1, x2, y2]: readonly [number, number, number, number], x: number, y: number): number {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const along = ((x - x1) * dx + (y - y1) * dy) / Math.max(1e-9, dx * dx + dy * dy);
  const fraction = Math.max(0, Math.min(1, along));
  return Math.hypot(x - x1 - fraction * dx, y - y1 - fraction * dy);
}

/** Of overlapping bands the last is on top. */
function bandAt({ data, layout }: Scene, x: number, isHere: (band: FaultBand) => boolean): Target | undefined {
  const ms = layout.ms(x);
  const band = data.bands.findLast((candidate) => candidate.fromMs <= ms && candidate.toMs >= ms && isHere(candidate));
  return band === undefined ? undefined : { kind: 'band', band };
}
