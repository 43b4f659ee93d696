import { arrowsMax, type InView, type Scene } from './scene.js';
import { arrow, tick, tickTop } from './symbols.js';

/** The width of a column in which messages are counted when there are too many for arrows, in pixels. */
const columnWidth = 3;

/** Cells that are counted at most: with very many pairs of servers, columns become wider. */
const cellsMax = 4_000_000;

/** Arrows that are drawn one by one although there are too many, because they were under way for so long that it shows. */
const slantedMax = 6_000;

/** The room of a tick with its head, on average, so that few cover each other where clients come in crowds, in pixels. */
const headRoom = 16;

/** How far a message must be under way to be slanted, in pixels. */
const slantedPixels = 8;

/** Paints the messages in view: each as an arrow, or how many there are where they are too many. */
export function paintMessages(pen: CanvasRenderingContext2D, scene: Scene, view: InView): void {
  pen.save();
  pen.beginPath();
  pen.rect(scene.layout.gutter, 0, scene.layout.width, scene.stageHeight);
  pen.clip();
  if (view.arrows.length <= arrowsMax) paintArrows(pen, scene, view.arrows);
  else paintDensity(pen, scene, view.arrows);
  paintTicks(pen, scene, view.ticks);
  if (scene.target?.kind === 'message') paintTarget(pen, scene, scene.target.index);
  pen.restore();
}

/** Where a message stands: of a client's, only the end at the server is on the canvas. */
export function lineOf({ messages, layout, scrollTop }: Scene, index: number): [number, number, number, number] {
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

function paintArrows(pen: CanvasRenderingContext2D, scene: Scene, indices: readonly number[]): void {
  const headSize = indices.length < 700 ? 7 : 4;
  pen.lineWidth = indices.length < 600 ? 1.5 : 1;
  pen.globalAlpha = 0.85;
  for (const index of indices) paintArrow(pen, scene, index, headSize);
  pen.globalAlpha = 1;
}

function paintArrow(pen: CanvasRenderingContext2D, scene: Scene, index: number, headSize: number): void {
  const kind = scene.data.kinds[scene.messages.kind[index] ?? 0] ?? 'other';
  pen.strokeStyle = pen.fillStyle = scene.palette.of(kind);
  arrow(pen, kind, lineOf(scene, index), headSize);
}

/** Counts messages by their ends, kind and column, and draws each count once: darker where it is higher, the rarest kind on top. */
function paintDensity(pen: CanvasRenderingContext2D, scene: Scene, indices: readonly number[]): void {
  const { layout, messages, data, palette } = scene;
  const pairs = new Map<number, number>();
  const kinds = data.kinds.length;
  const columns = Math.ceil(Math.min(layout.width / columnWidth, cellsMax / (kinds * data.ways.length)));
  const width = layout.width / columns;
  const counts = new Uint32Array(columns * kinds * data.ways.length);
  const first = new Map<number, number>();
  const byKind = data.kinds.map(() => 0);
  const slanted: number[] = [];
  for (const index of indices) {
    const x = layout.x(messages.sentMs[index] ?? 0);
    if (layout.x(messages.arrivedMs[index] ?? 0) - x > slantedPixels && slanted.length < slantedMax) {
      slanted.push(index);
      continue;
    }
    const kind = messages.kind[index] ?? 0;
    const ends = (messages.fromLane[index] ?? 0) * data.servers.length + (messages.toLane[index] ?? 0);
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
  pen.lineWidth = 1.5;
  pen.setLineDash([]);
  for (const [cell, index] of cells) {
    const [, y1, , y2] = lineOf(scene, index);
    const x = ((cell % columns) + 0.5) * width;
    pen.strokeStyle = palette.of(data.kinds[messages.kind[index] ?? 0] ?? 'other');
    pen.globalAlpha = Math.min(0.85, 0.22 + 0.14 * Math.log2(counts[cell] ?? 1));
    pen.beginPath();
    pen.moveTo(x, y1);
    pen.lineTo(x, y2);
    pen.stroke();
  }
  pen.globalAlpha = 0.45;
  pen.lineWidth = 1;
  for (const index of slanted) paintArrow(pen, scene, index, 0);
  pen.globalAlpha = 1;
}

/** Of ticks that would stand on the same pixel one is drawn. */
function paintTicks(pen: CanvasRenderingContext2D, scene: Scene, indices: readonly number[]): void {
  const { data, messages, palette } = scene;
  const room =
    scene.layout.plotWidth * Math.min(data.servers.length, Math.ceil(scene.stageHeight / scene.layout.laneHeight));
  const detail = indices.length * headRoom < room ? 'head' : 'line';
  const painted = new Set<string>();
  pen.lineWidth = 1.25;
  for (const index of indices) {
    const [x, y1, , y2] = lineOf(scene, index);
    const kind = data.kinds[messages.kind[index] ?? 0] ?? 'other';
    const key = `${kind} ${Math.round(x)} ${Math.round(y1)}`;
    if (painted.has(key)) continue;
    painted.add(key);
    pen.globalAlpha = kind === 'answer' ? 0.6 : 0.9;
    pen.strokeStyle = pen.fillStyle = palette.of(kind);
    tick(pen, kind, x, Math.max(y1, y2), detail);
  }
  pen.globalAlpha = 1;
}

function paintTarget(pen: CanvasRenderingContext2D, scene: Scene, index: number): void {
  const line = lineOf(scene, index);
  const [x1, y1, x2, y2] = line;
  pen.lineCap = 'round';
  pen.strokeStyle = scene.palette.of('card');
  pen.lineWidth = 8;
  pen.setLineDash([]);
  pen.beginPath();
  pen.moveTo(x1, y1);
  pen.lineTo(x2, y2);
  pen.stroke();
  pen.lineWidth = 3.5;
  paintArrow(pen, scene, index, 11);
  pen.lineCap = 'butt';
}
