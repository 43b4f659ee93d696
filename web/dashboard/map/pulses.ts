import { engine, linkId } from '../data/herd.js';
import type { Place } from '../graph/graph-layout.js';
import type { Palette } from './palette.js';

/** How long a pulse takes from server to server, in milliseconds. */
const travelMs = 550;

/** Pulses one way over a link come no faster than this; what is told in between makes the next one larger. */
const gapMs = 160;

/** What a server tells the engine is there when the engine tells others of it. */
const engineDelayMs = travelMs;

/** How far from a server's middle a pulse starts and ends. */
const rimPixels = 26;

/** The ring around a server that a client reports to: it ends before the server's name begins. */
const [ringFromPixels, ringToPixels] = [23, 33];

interface Pulse {
  readonly from: string;
  readonly to: string;
  readonly startedMs: number;
  readonly size: number;
  /** The server whose colour it has. */
  readonly server: number;
}

/** What floods: a dot runs from server to server for the updates that a server has just learned from a neighbour. */
export class Pulses {
  private pulses: Pulse[] = [];
  private readonly waiting = new Map<string, { count: number; server: number; from: string; to: string }>();
  private readonly lastMs = new Map<string, number>();
  private readonly calm = matchMedia('(prefers-reduced-motion: reduce)');

  get isIdle(): boolean {
    return this.pulses.length === 0 && this.waiting.size === 0;
  }

  /** A server learned something: of a neighbour, of the engine, or (from itself) of a client. */
  learned(from: string, to: string, count: number, server: number): void {
    if (document.hidden) return;
    const way = `${from} ${to}`;
    const waiting = this.waiting.get(way);
    if (waiting === undefined) this.waiting.set(way, { count, server, from, to });
    else Object.assign(waiting, { count: waiting.count + count, server });
  }

  paint(
    context: CanvasRenderingContext2D,
    places: ReadonlyMap<string, Place>,
    palette: Palette,
    knows: (link: string) => boolean,
    nowMs: number,
  ): void {
    this.start(nowMs);
    this.pulses = this.pulses.filter(({ startedMs }) => nowMs - startedMs < travelMs);
    for (const { from, to, startedMs, size, server } of this.pulses) {
      const [start, end] = [places.get(from), places.get(to)];
      if (start === undefined || end === undefined) continue;
      const way = (nowMs - startedMs) / travelMs;
      if (way < 0) continue;
      const colour = palette.server(server);
      context.beginPath();
      if (from === to) {
        context.globalAlpha = 1 - way;
        context.strokeStyle = colour;
        context.lineWidth = 2;
        context.arc(start.x, start.y, ringFromPixels + (ringToPixels - ringFromPixels) * way, 0, 2 * Math.PI);
        context.stroke();
      } else if (knows(linkId(from, to)) && !this.calm.matches) {
        context.globalAlpha = Math.min(1, 4 * (1 - way));
        context.fillStyle = colour;
        const eased = way * way * (3 - 2 * way);
        // From rim to rim, for what is within a server's circle is its name.
        const [dx, dy] = [end.x - start.x, end.y - start.y];
        const rim = rimPixels / Math.hypot(dx, dy);
        const along = rim + (1 - 2 * rim) * eased;
        context.arc(start.x + dx * along, start.y + dy * along, size, 0, 2 * Math.PI);
        context.fill();
      }
    }
    context.globalAlpha = 1;
  }

  private start(nowMs: number): void {
    for (const [way, { from, to, count, server }] of this.waiting) {
      if (nowMs - (this.lastMs.get(way) ?? -gapMs) < gapMs) continue;
      this.waiting.delete(way);
      this.lastMs.set(way, nowMs);
      this.pulses.push({
        from,
        to,
        server,
        startedMs: nowMs + (from === engine ? engineDelayMs : 0),
        size: Math.min(9, 4 + Math.log2(count)),
      });
    }
  }
}
