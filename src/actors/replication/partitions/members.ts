import type { PresenceMessage } from '../../../protocol/nats/messages.js';
import type { ServerId } from '../../../protocol/place/ids.js';
import { PartitionSet } from '../../../protocol/place/partition-set.js';

/** Another member of the herd. */
interface Member {
  readonly run: string;
  /** Whether it is shutting down. */
  readonly isLeaving: boolean;
  readonly held: PartitionSet;
  readonly complete: PartitionSet;
  /** When its last presence was received, on the monotonic clock. */
  readonly seenMs: number;
}

/** What a presence has changed. */
export type PresenceChange = 'joined' | 'changed' | 'none';

const nothing = new PartitionSet();

/** The other live members of the herd, as they announce themselves. */
export class Members {
  private readonly members = new Map<ServerId, Member>();

  /** All other members. */
  get all(): ServerId[] {
    return [...this.members.keys()];
  }

  /** The other members that are to hold partitions: those that are not shutting down. */
  get active(): ServerId[] {
    return this.select(({ isLeaving }) => !isLeaving);
  }

  /** Returns the run of a member; undefined if the server is not a member. */
  runOf(server: ServerId): string | undefined {
    return this.members.get(server)?.run;
  }

  /** Whether a member holds a partition, completely or not. */
  holds(server: ServerId, partition: number): boolean {
    return (this.members.get(server)?.held ?? nothing).has(partition);
  }

  /** Whether a member holds a partition completely. */
  isComplete(server: ServerId, partition: number): boolean {
    return (this.members.get(server)?.complete ?? nothing).has(partition);
  }

  /** Returns the members that hold a partition completely. */
  completeHolders(partition: number): ServerId[] {
    return this.select(({ complete }) => complete.has(partition));
  }

  /** Returns the members that hold a partition, completely or not. */
  holders(partition: number): ServerId[] {
    return this.select(({ held }) => held.has(partition));
  }

  /** Records a presence. */
  record({ server, run, isLeaving, held, complete }: PresenceMessage, nowMs: number): PresenceChange {
    const known = this.members.get(server);
    this.members.set(server, { run, isLeaving, held, complete, seenMs: nowMs });
    if (known?.run !== run) return 'joined';
    const isEqual =
      known.isLeaving === isLeaving &&
      known.complete.encode() === complete.encode() &&
      known.held.encode() === held.encode();
    return isEqual ? 'none' : 'changed';
  }

  /** Removes a member that leaves; returns whether it was one. */
  remove(server: ServerId, run: string): boolean {
    return this.members.get(server)?.run === run && this.members.delete(server);
  }

  /** Removes the members that have not been seen since a time; returns them. */
  expire(beforeMs: number): ServerId[] {
    const expired = this.select(({ seenMs }) => seenMs < beforeMs);
    for (const server of expired) this.members.delete(server);
    return expired;
  }

  clear(): void {
    this.members.clear();
  }

  private select(matches: (member: Member) => boolean): ServerId[] {
    const servers: ServerId[] = [];
    for (const [server, member] of this.members) if (matches(member)) servers.push(server);
    return servers;
  }
}
