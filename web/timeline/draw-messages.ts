import { maxArrows, type MessagesInView, type Scene } from './scene.js';
import { drawArrow, drawTick, tickTop } from './symbols.js';

/** Width of a density column, in pixels, used when there are too many messages for arrows. */
const columnWidth = 3;

/** Maximum number of density cells: with very many pairs of servers, columns become wider. */
const maxCells = 4_000_000;

/** Maximum number of slanted arrows that are drawn besides the density. */
const maxSlanted = 6_000;

/** Average room for the head of a tick, so that few overlap, in pixels. */
const headRoom = 16;

/** Horizontal length from which a message is drawn slanted, in pixels. */
const slantedPixels = 8;

/** Draws the messages in view: each as an arrow, or their density if there are too many. */
export function drawMessages(context: CanvasRenderingContext2D, scene: Scene, view: MessagesInView): void {
  context.save();
  context.beginPath();
  context.rect(scene.layout.gutter, 0, scene.layout.width, scene.lanesViewHeight);
  context.clip();
  if (view.arrows.length <= maxArrows) drawArrows(context, scene, view.arrows);
  else drawDensity(context, scene, view.arrows);
  drawTicks(context, scene, view.ticks);
  if (scene.target?.kind === 'message') drawTarget(context, scene, scene.target.index);
  context.restore();
}

/** Returns the line of a message; of a client's message, only the end at the server is on the canvas. */
export function messageLine({ messages, layout, scrollTop }: Scene, index: number): [number, number, number, number] {
  const from = messages.fromLane[index] ?? 0;
  const to = messages.toLane[index] ?? 0;
  const sentX = layout.x(messages.sentMs[index] ?? 0);
  const arrivedX = layout.x(messages.arrivedMs[index] ?? 0);
  if (to >= 0 && from >= 0) {
    return [sentX, layout.laneY(from) - scrollTop, arrivedX, layout.laneY(to) - scrollTop];
  }
  const x = to >= 0 ? arrivedX : sentX;
  const y = layout.laneY(Math.max(from, to)) - scrollTop;
  return to >= 0 ? [x, y - tickTop, x, y] : [x, y, x, y - tickTop];
}

function drawArrows(context: CanvasRenderingContext2D, scene: Scene, indices: readonly number[]): void {
  const headSize = indices.length < 700 ? 7 : 4;
  context.lineWidth = indices.length < 600 ? 1.5 : 1;
  context.globalAlpha = 0.85;
  for (const index of indices) drawMessageArrow(context, scene, index, headSize);
  context.globalAlpha = 1;
}

function drawMessageArrow(context: CanvasRenderingContext2D, scene: Scene, index: number, headSize: number): void {
  const kind = scene.data.kinds[scene.messages.kind[index] ?? 0] ?? 'other';
  context.strokeStyle = context.fillStyle = scene.palette.of(kind);
  drawArrow(context, kind, messageLine(scene, index), headSize);
}

/** Counts messages by endpoints, kind and column, and draws each count: darker for more, the rarest kind on top. */
function drawDensity(context: CanvasRenderingContext2D, scene: Scene, indices: readonly number[]): void {
  const { layout, messages, data, palette } = scene;
  const pairs = new Map<number, number>();
  const kinds = data.kinds.length;
  const columns = Math.ceil(Math.min(layout.width / columnWidth, maxCells / (kinds * data.routes.length)));
  const width = layout.width / columns;
  const counts = new Uint32Array(columns * kinds * data.routes.length);
  const first = new Map<number, number>();
  const byKind = data.kinds.map(() => 0);
  const slanted: number[] = [];
  for (const index of indices) {
    const x = layout.x(messages.sentMs[index] ?? 0);
    if (layout.x(messages.arrivedMs[index] ?? 0) - x > slantedPixels && slanted.length < maxSlanted) {
      slanted.push(index);
      continue;
    }
    const kind = messages.kind[index] ?? 0;
    const ends = (messages.fromLane[index] ?? 0) * data.lanes.length + (messages.toLane[index] ?? 0);
    let pair = pairs.get(ends);
    if (pair === undefined) pairs.set(ends, (pair = pairs.size));
    const column = Math.max(0, Math.min(columns - 1, Math.floor(x / width)));
    const cell = (pair * kinds + kind) * columns + column;
    counts[cell] = (counts[cell] ?? 0) + 1;
    if (counts[cell] === 1) first.set(cell, index);
    byKind[kind] = (byKind[kind] ?? 0) + 1;
  }
  const cells = [...first].sort(
    ([, a], [, b]) => (byKind[messages.kind[b] ?? 0] ?? 0) - (byKind[messages.kind[a] ?? 0] ?? 0),
  );
  context.lineWidth = 1.5;
  context.setLineDash([]);
  for (const [cell, index] of cells) {
    const [, y1, , y2] = messageLine(scene, index);
    const x = ((cell % columns) + 0.5) * width;
    context.strokeStyle = palette.of(data.kinds[messages.kind[index] ?? 0] ?? 'other');
    context.globalAlpha = Math.min(0.85, 0.22 + 0.14 * Math.log2(counts[cell] ?? 1));
    context.beginPath();
    context.moveTo(x, y1);
    context.lineTo(x, y2);
    context.stroke();
  }
  context.globalAlpha = 0.45;
  context.lineWidth = 1;
  for (const index of slanted) drawMessageArrow(context, scene, index, 0);
  context.globalAlpha = 1;
}

/** Draws only one of several ticks on the same pixel. */
function drawTicks(context: CanvasRenderingContext2D, scene: Scene, indices: readonly number[]): void {
  const { data, messages, palette } = scene;
  const plotPixels =
    scene.layout.plotWidth * Math.min(data.lanes.length, Math.ceil(scene.lanesViewHeight / scene.layout.laneHeight));
  const detail = indices.length * headRoom < plotPixels ? 'head' : 'line';
  const painted = new Set<string>();
  context.lineWidth = 1.25;
  for (const index of indices) {
    const [x, y1, , y2] = messageLine(scene, index);
    const kind = data.kinds[messages.kind[index] ?? 0] ?? 'other';
    const key = `${kind} ${Math.round(x)} ${Math.round(y1)}`;
    if (painted.has(key)) continue;
    painted.add(key);
    context.globalAlpha = kind === 'response' ? 0.6 : 0.9;
    context.strokeStyle = context.fillStyle = palette.of(kind);
    drawTick(context, kind, x, Math.max(y1, y2), detail);
  }
  context.globalAlpha = 1;
}

function drawTarget(context: CanvasRenderingContext2D, scene: Scene, index: number): void {
  const line = messageLine(scene, index);
  const [x1, y1, x2, y2] = line;
  context.lineCap = 'round';
  context.strokeStyle = scene.palette.of('card');
  context.lineWidth = 8;
  context.setLineDash([]);
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
  context.lineWidth = 3.5;
  drawMessageArrow(context, scene, index, 11);
  context.lineCap = 'butt';
}
