import type { ClientId, ServerId } from '../../protocol/place/ids.js';
import type { SimulationEvent } from '../environment.js';
import type { HerdView } from './herd-view.js';
import type { Updates } from './updates.js';

/** Recovery of the herd after one repairing step. */
export interface Recovery {
  readonly atMs: number;
  /** The step's text, e.g. `heal: all`. */
  readonly step: string;
  /**
   * Milliseconds until all links were live, all earlier updates had reached every server that is to hold them, and restarted
   * servers had caught up; undefined if that did not happen. A server on NATS is live when its partitions are complete.
   */
  recoveredAfterMs: number | undefined;
}

/** Measures how long the herd takes to recover after each repairing step. */
export class Recoveries {
  readonly all: Recovery[] = [];
  private readonly pending = new Set<Recovery>();
  /** Clients that a restarted server has not learned again. Empty on NATS, where it need not hold them. */
  private readonly missing = new Map<ServerId, Set<ClientId>>();

  constructor(
    private readonly view: HerdView,
    private readonly updates: Updates,
  ) {}

  /** Starts a measurement. */
  begin(step: string): void {
    const recovery: Recovery = { atMs: this.view.environment.nowMs(), step, recoveredAfterMs: undefined };
    this.all.push(recovery);
    this.pending.add(recovery);
    // If nothing had suffered, the herd has recovered already.
    this.completeRecovered();
  }

  /** Processes an event. View and updates must have been updated with it. */
  observe(event: SimulationEvent): void {
    switch (event.kind) {
      case 'started':
        this.trackRestart(event.server);
        break;
      case 'down':
        this.missing.delete(event.server);
        break;
      case 'learned': {
        const missing = this.missing.get(event.server);
        if (missing?.delete(event.location.client) === true && missing.size === 0) this.missing.delete(event.server);
        break;
      }
      case 'link':
      case 'nats':
      case 'partition':
        break;
      default:
        return;
    }
    if (this.pending.size > 0) this.completeRecovered();
  }

  private trackRestart(server: ServerId): void {
    if (this.view.isOnNats) return;
    const missing = new Set<ClientId>();
    for (const other of this.view.runningServers)
      for (const client of this.view.stored.get(other)?.keys() ?? []) missing.add(client);
    for (const client of this.view.stored.get(server)?.keys() ?? []) missing.delete(client);
    if (missing.size > 0) this.missing.set(server, missing);
  }

  private completeRecovered(): void {
    if (this.missing.size > 0) return;
    const oldestMs = this.updates.oldestPendingMs ?? Infinity;
    let links: 'not looked at' | 'all live' | 'some missing' = 'not looked at';
    for (const recovery of this.pending) {
      if (oldestMs <= recovery.atMs) return;
      if (links === 'not looked at') {
        links = this.view.reachablePairs().every(([one, other]) => this.view.isLive(one, other))
          ? 'all live'
          : 'some missing';
      }
      if (links === 'some missing') return;
      recovery.recoveredAfterMs = this.view.environment.nowMs() - recovery.atMs;
      this.pending.delete(recovery);
    }
  }
}
