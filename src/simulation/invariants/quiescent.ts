import type { HerdView } from '../run/herd-view.js';
import type { WorldEvent } from '../environment.js';
import type { Breach, Invariant } from './invariant.js';

/** A herd that nothing new is told goes quiet but for heartbeats and comparisons: no location is passed on. */
export class Quiet implements Invariant {
  readonly name = 'quiet';
  readonly sees = ['asked', 'learned', 'told'] as const;
  private lastToldMs = -1;
  private lastTold = '';
  /** When a client asked, or a server came to a report of one that had waited for its turn. */
  private lastAskedMs = -1;

  /** @param promisedMs how long a location may take to be everywhere */
  constructor(private readonly promisedMs: number) {}

  see(event: WorldEvent, view: HerdView): undefined {
    if (event.kind === 'asked' || (event.kind === 'learned' && event.from === undefined)) {
      this.lastAskedMs = view.world.nowMs();
    }
    if (event.kind !== 'told' || !event.line.startsWith('AT ')) return;
    this.lastToldMs = view.world.nowMs();
    this.lastTold = `${event.server} told ${event.neighbour} ${event.line}`;
  }

  settled(view: HerdView, settledMs: number): Breach[] {
    if (this.lastAskedMs + this.promisedMs > settledMs || this.lastToldMs <= settledMs) return [];
    const lateMs = Math.round(view.world.nowMs() - this.lastToldMs);
    return [{ text: `the herd had nothing new to tell, and ${lateMs} ms ago ${this.lastTold}` }];
  }
}
