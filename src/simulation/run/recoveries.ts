import type { ClientId, ServerId } from '../../protocol/place/ids.js';
import type { SimulationEvent } from '../environment.js';
import type { HerdView } from './herd-view.js';
import type { Updates } from './updates.js';

/** How the herd got over one step that mended something. */
export interface Recovery {
  readonly atMs: number;
  /** The step: `heal: all`. */
  readonly step: string;
  /** How long it took until all links were up, those to the broker too, every update from before was everywhere, and who was restarted knew all. */
  recoveredAfterMs: number | undefined;
}

/** Times how long the herd takes after each step that mends something. */
export class Recoveries {
  readonly all: Recovery[] = [];
  private readonly pending = new Set<Recovery>();
  /** The clients that a restarted server has not heard of again. */
  private readonly missing = new Map<ServerId, Set<ClientId>>();

  constructor(
    private readonly view: HerdView,
    private readonly updates: Updates,
  ) {}

  /** Something was mended. */
  begin(step: string): void {
    const recovery: Recovery = { atMs: this.view.environment.nowMs(), step, recoveredAfterMs: undefined };
    this.all.push(recovery);
    this.pending.add(recovery);
    // Where nothing had suffered there is nothing to wait for.
    this.completeRecovered();
  }

  /** Takes in what happened, after the view and the updates have. */
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
      case 'bucket':
        break;
      default:
        return;
    }
    if (this.pending.size > 0) this.completeRecovered();
  }

  private trackRestart(server: ServerId): void {
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
