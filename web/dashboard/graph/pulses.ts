import { broker, linkId } from '../data/herd.js';
import type { Place } from './graph-layout.js';
import type { Palette } from '../palette.js';

/** Duration of a pulse from server to server, in milliseconds. */
const travelMs = 550;

/** Minimum interval between two pulses in one direction of a link, in milliseconds. Updates in between enlarge the next pulse. */
const gapMs = 160;

/** Delay of pulses from the broker: the pulse to the broker has arrived by then. */
const brokerDelayMs = travelMs;

/** Distance from a server's centre at which a pulse starts and ends. */
const rimPixels = 26;

/** Start and end radius of the ring that shows reports of clients; it ends before the server's name. */
const [ringFromPixels, ringToPixels] = [23, 33];

interface Pulse {
  readonly from: string;
  readonly to: string;
  readonly startedMs: number;
  readonly size: number;
  /** Index of the server whose colour it has. */
  readonly server: number;
}

/** Animation of propagation: a dot moves along the link over which a server has just received updates. */
export class Pulses {
  private pulses: Pulse[] = [];
  private readonly pending = new Map<string, { count: number; server: number; from: string; to: string }>();
  private readonly lastMs = new Map<string, number>();
  private readonly reducedMotion = matchMedia('(prefers-reduced-motion: reduce)');

  get isIdle(): boolean {
    return this.pulses.length === 0 && this.pending.size === 0;
  }

  /** Adds updates from a neighbour or the broker; `from` equals `to` for reports of clients. */
  add(from: string, to: string, count: number, server: number): void {
    if (document.hidden) return;
    const direction = `${from} ${to}`;
    const pending = this.pending.get(direction);
    if (pending === undefined) this.pending.set(direction, { count, server, from, to });
    else Object.assign(pending, { count: pending.count + count, server });
  }

  paint(
    context: CanvasRenderingContext2D,
    places: ReadonlyMap<string, Place>,
    palette: Palette,
    hasLink: (link: string) => boolean,
    nowMs: number,
  ): void {
    this.start(nowMs);
    this.pulses = this.pulses.filter(({ startedMs }) => nowMs - startedMs < travelMs);
    for (const { from, to, startedMs, size, server } of this.pulses) {
      const [start, end] = [places.get(from), places.get(to)];
      if (start === undefined || end === undefined) continue;
      const progress = (nowMs - startedMs) / travelMs;
      if (progress < 0) continue;
      const colour = palette.server(server);
      context.beginPath();
      if (from === to) {
        context.globalAlpha = 1 - progress;
        context.strokeStyle = colour;
        context.lineWidth = 2;
        context.arc(start.x, start.y, ringFromPixels + (ringToPixels - ringFromPixels) * progress, 0, 2 * Math.PI);
        context.stroke();
      } else if (hasLink(linkId(from, to)) && !this.reducedMotion.matches) {
        context.globalAlpha = Math.min(1, 4 * (1 - progress));
        context.fillStyle = colour;
        const eased = progress * progress * (3 - 2 * progress);
        // From rim to rim: the circle of a server contains its name.
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
    for (const [direction, { from, to, count, server }] of this.pending) {
      if (nowMs - (this.lastMs.get(direction) ?? -gapMs) < gapMs) continue;
      this.pending.delete(direction);
      this.lastMs.set(direction, nowMs);
      this.pulses.push({
        from,
        to,
        server,
        startedMs: nowMs + (from === broker ? brokerDelayMs : 0),
        size: Math.min(9, 4 + Math.log2(count)),
      });
    }
  }
}
