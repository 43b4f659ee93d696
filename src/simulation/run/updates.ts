import type { ClientId, ServerId } from '../../protocol/place/ids.js';
import { supersedes, type Location } from '../../protocol/place/location.js';
import type { WorldEvent } from '../environment.js';
import type { HerdView } from './herd-view.js';

/** A location on its way through the herd. */
interface Update {
  readonly location: Location;
  readonly atMs: number;
  /** The servers that hold it, or a newer one; all of them run. */
  readonly holders: Set<ServerId>;
}

/** What became of the updates, in the words of Maelstrom's broadcast workload. */
export interface UpdateCounts {
  /** Reports that clients sent. */
  readonly attempted: number;
  /** Of these, answered with an AT line. */
  readonly acknowledged: number;
  /** New locations that every server that runs came to hold, or a newer one. */
  readonly stable: number;
  /** New locations that went with the last server that held them, and that no newer one replaces. */
  readonly lost: number;
  /** New locations that at the end some server that runs does not hold, nor a newer one. */
  readonly stale: number;
}

/** Follows each update until every server holds it. */
export class Updates {
  /** Milliseconds from a report to when it was stable, in the order in which they became so. */
  readonly stableMs: number[] = [];
  private readonly pending = new Map<ClientId, Update[]>();
  /** All that are pending, the oldest first. */
  private readonly inOrder = new Set<Update>();
  private attempted = 0;
  private acknowledged = 0;
  private lost = 0;

  constructor(private readonly view: HerdView) {}

  get counts(): UpdateCounts {
    const { attempted, acknowledged, lost } = this;
    return { attempted, acknowledged, stable: this.stableMs.length, lost, stale: this.inOrder.size };
  }

  /** How many new locations there were. */
  get fresh(): number {
    return this.stableMs.length + this.lost + this.inOrder.size;
  }

  /** When the oldest update was reported that some server does not hold yet; undefined if there is none. */
  get oldestPendingMs(): number | undefined {
    const [oldest] = this.inOrder;
    return oldest?.atMs;
  }

  /** Takes in what happened, after the view has. */
  note(event: WorldEvent): void {
    switch (event.kind) {
      case 'asked':
        if (event.line.startsWith('IAMAT')) this.attempted += 1;
        return;
      case 'answered':
        if (event.command?.startsWith('IAMAT') === true && event.lines[0]?.startsWith('AT ') === true) {
          this.acknowledged += 1;
        }
        return;
      case 'learned':
        if (event.from === undefined) this.begin(event.location);
        return this.spread(event.server, event.location);
      case 'started':
        for (const location of event.remembered) this.spread(event.server, location);
        return;
      case 'down':
        return this.leave(event.server);
      default:
        return;
    }
  }

  private begin(location: Location): void {
    const holders = new Set<ServerId>();
    // Nobody can hold what is newer than all that there was.
    const others = this.view.newest.get(location.client)?.location === location ? [] : this.view.up;
    for (const server of others) {
      const held = this.view.held.get(server)?.get(location.client);
      if (held !== undefined && !supersedes(location, held.location)) holders.add(server);
    }
    const update: Update = { location, atMs: this.view.world.nowMs(), holders };
    const ofClient = this.pending.get(location.client);
    if (ofClient === undefined) this.pending.set(location.client, [update]);
    else ofClient.push(update);
    this.inOrder.add(update);
  }

  private spread(server: ServerId, location: Location): void {
    const ofClient = this.pending.get(location.client);
    if (ofClient === undefined) return;
    const enough = this.view.up.length;
    let isAnyStable = false;
    for (const update of ofClient) {
      if (!supersedes(update.location, location)) update.holders.add(server);
      isAnyStable ||= update.holders.size >= enough;
    }
    if (isAnyStable) this.settle(location.client, ofClient);
  }

  private leave(server: ServerId): void {
    for (const [client, ofClient] of this.pending) {
      for (const update of ofClient) update.holders.delete(server);
      this.settle(client, ofClient);
    }
  }

  /** Takes out what is stable, and what is lost. */
  private settle(client: ClientId, ofClient: readonly Update[]): void {
    const up = this.view.up;
    const left = ofClient.filter((update) => {
      if (update.holders.size === 0) this.lost += 1;
      else if (update.holders.size === up.length) {
        this.stableMs.push(this.view.world.nowMs() - update.atMs);
      } else return true;
      this.inOrder.delete(update);
      return false;
    });
    if (left.length === 0) this.pending.delete(client);
    else if (left.length < ofClient.length) this.pending.set(client, left);
  }
}
