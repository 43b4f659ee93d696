import type { ByteString } from '../../protocol/text/bytes.js';
import type { ClientId, ServerId } from '../../protocol/place/ids.js';
import { supersedes, type Location } from '../../protocol/place/location.js';
import type { SimulationEvent } from '../environment.js';
import type { HerdView } from './herd-view.js';

/** A location that is being propagated. */
interface Update {
  readonly location: Location;
  readonly atMs: number;
  readonly partition: number;
  /** Running servers that have it or a newer one, also if they do not hold its partition. */
  readonly holders: Set<ServerId>;
}

/** Counts of updates, with the terms of Maelstrom's broadcast workload. */
export interface UpdateCounts {
  /** Reports that clients sent. */
  readonly attempted: number;
  /** Reports that were answered with an AT line. */
  readonly acknowledged: number;
  /** New locations that every running server came to hold, or a newer one; on NATS: every complete holder of the partition. */
  readonly stable: number;
  /** New locations that no running server has since the last one that had it went down, and that no newer one replaces. */
  readonly lost: number;
  /** New locations that some running server does not hold at the end, nor a newer one. */
  readonly stale: number;
}

/** Tracks each update until every server holds it that is to hold it. */
export class Updates {
  /** Milliseconds from each report until it was stable, in the order of becoming stable. */
  readonly stableMs: number[] = [];
  private readonly pending = new Map<ClientId, Update[]>();
  /** All pending updates, the oldest first. */
  private readonly pendingInOrder = new Set<Update>();
  /** AT lines of all reports. Empty in a herd that floods. */
  private readonly reported = new Set<ByteString>();
  private attemptedCount = 0;
  private acknowledgedCount = 0;
  private lostCount = 0;

  constructor(private readonly view: HerdView) {}

  get counts(): UpdateCounts {
    const { attemptedCount, acknowledgedCount, lostCount } = this;
    return {
      attempted: attemptedCount,
      acknowledged: acknowledgedCount,
      stable: this.stableMs.length,
      lost: lostCount,
      stale: this.pendingInOrder.size,
    };
  }

  /** Number of new locations. */
  get newLocationCount(): number {
    return this.stableMs.length + this.lostCount + this.pendingInOrder.size;
  }

  /**
   * When the oldest update was reported that some server does not hold yet, in scenario milliseconds; undefined if there is
   * none.
   */
  get oldestPendingMs(): number | undefined {
    const [oldest] = this.pendingInOrder;
    return oldest?.atMs;
  }

  /** Processes an event. The view must have been updated with it. */
  observe(event: SimulationEvent): void {
    switch (event.kind) {
      case 'command-sent':
        if (event.line.startsWith('IAMAT')) this.attemptedCount += 1;
        return;
      case 'response-received':
        if (event.command?.startsWith('IAMAT') === true && event.lines[0]?.startsWith('AT ') === true) {
          this.acknowledgedCount += 1;
        }
        return;
      case 'learned':
        if (event.from === undefined) this.trackNew(event.location);
        return this.markHeld(event.server, event.location);
      case 'started':
        for (const location of event.restored) this.markHeld(event.server, location);
        return;
      case 'partition':
        return this.checkPartition(event.partition);
      case 'down':
        return this.removeHolder(event.server);
      default:
        return;
    }
  }

  /** Tracks a report. On NATS, a server that is to hold a partition learns the reports again that it kept. */
  private trackNew(location: Location): void {
    if (this.view.isOnNats) {
      if (this.reported.has(location.line)) return;
      this.reported.add(location.line);
    }
    this.track(location);
  }

  private track(location: Location): void {
    const holders = new Set<ServerId>();
    // No server can hold something newer than the newest location.
    const others = this.view.newest.get(location.client)?.location === location ? [] : this.view.runningServers;
    for (const server of others) {
      const stored = this.view.stored.get(server)?.get(location.client);
      if (stored !== undefined && !supersedes(location, stored.location)) holders.add(server);
    }
    const partition = this.view.isOnNats ? this.view.partitionOf(location.client) : 0;
    const update: Update = { location, atMs: this.view.environment.nowMs(), partition, holders };
    const clientUpdates = this.pending.get(location.client);
    if (clientUpdates === undefined) this.pending.set(location.client, [update]);
    else clientUpdates.push(update);
    this.pendingInOrder.add(update);
  }

  private markHeld(server: ServerId, location: Location): void {
    const clientUpdates = this.pending.get(location.client);
    if (clientUpdates === undefined) return;
    let isAnyStable = false;
    for (const update of clientUpdates) {
      if (!supersedes(update.location, location)) update.holders.add(server);
      isAnyStable ||= this.isStable(update);
    }
    if (isAnyStable) this.settle(location.client, clientUpdates);
  }

  /** Checks the updates of a partition that has other complete holders than before. */
  private checkPartition(partition: number): void {
    for (const [client, clientUpdates] of this.pending)
      if (clientUpdates[0]?.partition === partition) this.settle(client, clientUpdates);
  }

  private removeHolder(server: ServerId): void {
    for (const [client, clientUpdates] of this.pending) {
      for (const update of clientUpdates) update.holders.delete(server);
      this.settle(client, clientUpdates);
    }
  }

  /** Removes updates that are stable or lost. */
  private settle(client: ClientId, clientUpdates: readonly Update[]): void {
    const remaining = clientUpdates.filter((update) => {
      if (update.holders.size === 0) this.lostCount += 1;
      else if (this.isStable(update)) this.stableMs.push(this.view.environment.nowMs() - update.atMs);
      else return true;
      this.pendingInOrder.delete(update);
      return false;
    });
    if (remaining.length === 0) this.pending.delete(client);
    else if (remaining.length < clientUpdates.length) this.pending.set(client, remaining);
  }

  private isStable({ partition, holders }: Update): boolean {
    if (!this.view.isOnNats) return holders.size === this.view.runningServers.length;
    const required = this.view.completeHolders(partition);
    return required.length > 0 && required.every((server) => holders.has(server));
  }
}
