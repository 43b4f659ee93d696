import { partitionCount } from '../../../protocol/place/digest.js';
import type { ServerId } from '../../../protocol/place/ids.js';
import { allPartitions, PartitionSet } from '../../../protocol/place/partition-set.js';
import type { PartitionState } from '../../bus/events.js';
import type { Random } from '../../ports/random.js';
import type { Members } from './members.js';
import type { Placement } from './placement.js';

/** Heartbeat intervals after which a server that finds no complete holder may count what it holds as complete. */
const leaderlessHeartbeats = 3;

/**
 * Time without a response after which a request is sent again, to another server, in milliseconds. A server that is gone is noticed by its
 * missing presence, so this concerns lost messages only.
 */
export const responseTimeoutMs = 5_000;

/** A partition that is being filled, or handed over. */
interface Progress {
  /** When this server subscribed to the partition in the present session. */
  readonly sinceMs: number;
  /** When it began to look for a complete holder. */
  readonly searchedSinceMs: number;
  /** The request that has no response yet, and when it was sent or a page was received last. */
  asked: { readonly server: ServerId; readonly atMs: number; activeMs: number } | undefined;
  /** Servers and their runs that the partition was compared with. */
  readonly comparedWith: Set<string>;
}

/** What the held partitions need. */
export interface HeldPartitionsDependencies {
  readonly self: ServerId;
  readonly members: Members;
  readonly placement: Placement;
  readonly random: Random;
  readonly heartbeatMs: number;
  /** Sends the hashes of partitions to a server: see `DigestMessage`. */
  readonly compare: (server: ServerId, partitions: readonly number[], purpose: 'ask' | 'sync' | 'handover') => void;
  /** A partition has entered a state; `isComplete`: whether its locations are complete. */
  readonly changed: (partition: number, state: PartitionState, isComplete: boolean) => void;
}

/**
 * The partitions that a server holds. Moves towards those that the placement assigns to it:
 *
 * - It fills a new one from a complete holder, and compares once more a heartbeat later, since its subscription takes time to reach
 *   all brokers. Where there is no complete holder, it compares with all that hold the partition, and counts it as complete after
 *   three heartbeats.
 * - It keeps one that it is no longer to hold until all those that are to are complete. Then one of them pulls what differs.
 */
export class HeldPartitions {
  readonly held = new PartitionSet();
  readonly complete = new PartitionSet();
  private readonly responsible = new PartitionSet();
  private readonly progress = new Map<number, Progress>();
  /** Whether the server leaves, so that no partition is assigned to it. */
  private isLeaving = false;
  private sessionSinceMs = 0;
  /** Whether the responsibilities were updated in this session. */
  private hasUpdated = false;

  constructor(private readonly dependencies: HeldPartitionsDependencies) {}

  /** The number of partitions that are being filled. */
  get filling(): number {
    return this.count((partition) => this.responsible.has(partition) && !this.complete.has(partition));
  }

  /** The number of partitions that are kept for others. */
  get leaving(): number {
    return this.count((partition) => !this.responsible.has(partition));
  }

  /** Whether this server holds a partition only until others have it. */
  isLeavingPartition(partition: number): boolean {
    return this.held.has(partition) && !this.responsible.has(partition);
  }

  /** Begins a session: what is held may have changed elsewhere meanwhile. */
  beginSession(nowMs: number): void {
    this.sessionSinceMs = nowMs;
    this.hasUpdated = false;
    this.progress.clear();
    for (const partition of allPartitions) {
      if (!this.held.has(partition)) continue;
      this.complete.set(partition, false);
      this.track(partition, nowMs);
      this.publish(partition);
    }
  }

  /** Begins to leave: no partition is assigned to this server any more. */
  leave(): void {
    this.isLeaving = true;
  }

  /** Keeps a partition of which locations were on disk until the servers that are to hold it have them. */
  keepRestored(partition: number, nowMs: number): void {
    if (this.held.has(partition)) return;
    this.held.set(partition, true);
    this.track(partition, nowMs);
    this.publish(partition);
  }

  /** Updates which partitions this server is to hold, and takes the next steps for those that are not as they should be. */
  update(nowMs: number): void {
    const { placement, self } = this.dependencies;
    for (const partition of allPartitions) {
      const isResponsible = !this.isLeaving && placement.holders(partition).includes(self);
      if (!this.responsible.set(partition, isResponsible)) continue;
      if (isResponsible || this.held.has(partition)) {
        this.held.set(partition, true);
        this.track(partition, nowMs);
        this.publish(partition);
      }
    }
    this.hasUpdated = true;
    const requests = new Map<
      string,
      { server: ServerId; purpose: 'ask' | 'sync' | 'handover'; partitions: number[] }
    >();
    for (const [partition, progress] of this.progress) {
      const { asked } = progress;
      if (asked !== undefined && this.isPending(asked, nowMs)) continue;
      progress.asked = undefined;
      const next = this.responsible.has(partition)
        ? this.nextComparison(partition, progress, nowMs)
        : this.nextHandover(partition);
      if (next === undefined) continue;
      progress.asked = { server: next.server, atMs: nowMs, activeMs: nowMs };
      const key = `${next.purpose} ${next.server}`;
      const request = requests.get(key) ?? { ...next, partitions: [] };
      request.partitions.push(partition);
      requests.set(key, request);
    }
    for (const { server, purpose, partitions } of requests.values()) {
      this.dependencies.compare(server, partitions, purpose);
    }
  }

  /** Whether partitions are not as they should be, so that `update` is to be called again soon. */
  get isBusy(): boolean {
    return this.progress.size > 0;
  }

  /** Records that a page of a partition was received, so that the request is not repeated. */
  touch(partition: number, server: ServerId, nowMs: number): void {
    const asked = this.progress.get(partition)?.asked;
    if (asked?.server === server) asked.activeMs = nowMs;
  }

  /** Records that a partition now has everything that it had at another server when that was asked for its hash. */
  synchronized(partition: number, server: ServerId): void {
    const progress = this.progress.get(partition);
    if (progress?.asked?.server !== server || !this.responsible.has(partition)) return;
    const { members, heartbeatMs } = this.dependencies;
    const { atMs } = progress.asked;
    progress.asked = undefined;
    progress.comparedWith.add(`${server} ${members.runOf(server) ?? ''}`);
    if (members.isComplete(server, partition) && atMs - progress.sinceMs >= heartbeatMs) this.completed(partition);
  }

  /** Drops a partition: a server to which it is assigned has everything that this one has. */
  handedOver(partition: number, server: ServerId): void {
    if (!this.isLeavingPartition(partition) || this.progress.get(partition)?.asked?.server !== server) return;
    this.progress.delete(partition);
    this.held.set(partition, false);
    this.complete.set(partition, false);
    this.publish(partition);
  }

  private nextComparison(
    partition: number,
    { sinceMs, searchedSinceMs, comparedWith }: Progress,
    nowMs: number,
  ): { server: ServerId; purpose: 'ask' | 'sync' } | undefined {
    const { members, heartbeatMs } = this.dependencies;
    const sources = members.completeHolders(partition);
    const isKnown = (server: ServerId): boolean => comparedWith.has(`${server} ${members.runOf(server) ?? ''}`);
    if (sources.length > 0) {
      const mayComplete = nowMs - sinceMs >= heartbeatMs;
      // Until the heartbeat is over, one comparison is enough.
      if (!mayComplete && sources.some(isKnown)) return undefined;
      return { server: this.pick(sources), purpose: mayComplete ? 'sync' : 'ask' };
    }
    if (nowMs - this.sessionSinceMs < heartbeatMs) return undefined;
    const others = members.holders(partition).filter((server) => !isKnown(server));
    if (others.length > 0) return { server: this.pick(others), purpose: 'sync' };
    if (nowMs - searchedSinceMs >= leaderlessHeartbeats * heartbeatMs) this.completed(partition);
    return undefined;
  }

  private nextHandover(partition: number): { server: ServerId; purpose: 'handover' } | undefined {
    const { members, placement } = this.dependencies;
    const holders = placement.holders(partition);
    if (holders.length === 0 || !holders.every((holder) => members.isComplete(holder, partition))) return undefined;
    return { server: this.pick(holders), purpose: 'handover' };
  }

  private isPending({ server, activeMs }: NonNullable<Progress['asked']>, nowMs: number): boolean {
    return this.dependencies.members.runOf(server) !== undefined && nowMs - activeMs < responseTimeoutMs;
  }

  private completed(partition: number): void {
    this.progress.delete(partition);
    this.complete.set(partition, true);
    this.publish(partition);
  }

  /** Takes further steps for a partition until it is as it should be. */
  private track(partition: number, nowMs: number): void {
    if (this.responsible.has(partition) && this.complete.has(partition)) this.progress.delete(partition);
    else {
      const searchedSinceMs = this.hasUpdated ? nowMs : this.sessionSinceMs;
      this.progress.set(partition, { sinceMs: nowMs, searchedSinceMs, asked: undefined, comparedWith: new Set() });
    }
  }

  private publish(partition: number): void {
    const isComplete = this.complete.has(partition);
    const state = !this.held.has(partition)
      ? 'none'
      : !this.responsible.has(partition)
        ? 'leaving'
        : isComplete
          ? 'complete'
          : 'filling';
    this.dependencies.changed(partition, state, isComplete);
  }

  private pick(servers: readonly ServerId[]): ServerId {
    const picked = servers[Math.floor(this.dependencies.random.next() * servers.length)];
    if (picked === undefined) throw new RangeError('no server to pick');
    return picked;
  }

  private count(matches: (partition: number) => boolean): number {
    let count = 0;
    for (let partition = 0; partition < partitionCount; partition += 1) {
      if (this.held.has(partition) && matches(partition)) count += 1;
    }
    return count;
  }
}
