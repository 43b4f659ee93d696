import { natsProtocolVersion, type NatsMessage as Message, type Sender } from '../../../protocol/nats/messages.js';
import type { ServerId } from '../../../protocol/place/ids.js';
import { allPartitions } from '../../../protocol/place/partition-set.js';
import type { Bus } from '../../bus/bus.js';
import { addresses } from '../../addresses.js';
import { sendLater } from '../../bus/send-later.js';
import type { Clock } from '../../ports/clock.js';
import { maxMissedHeartbeats } from '../../ports/limits.js';
import type { HeldPartitions } from './held-partitions.js';
import type { Members } from './members.js';
import type { Placement } from './placement.js';

/** What the membership needs. */
export interface MembershipDependencies {
  readonly self: Sender;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly members: Members;
  readonly placement: Placement;
  readonly held: HeldPartitions;
  /** Servers that hold each partition; Infinity for all. */
  readonly replicas: number;
  readonly heartbeatMs: number;
  readonly isLeaving: () => boolean;
  /** Publishes a message on the presence subject. */
  readonly publish: (message: Message) => void;
  /** A member is gone. */
  readonly removed: (member: ServerId) => void;
  /** A member has joined, left, or holds other partitions. */
  readonly changed: () => void;
  readonly warn: (reason: string) => void;
}

/** Delay of a presence after a change, in milliseconds: other changes that follow at once are in the same one. */
const announcementDelayMs = 10;

/** Announces this server to the herd, and follows the announcements of the others. */
export class Membership {
  private hasChanged = true;
  private sinceMs = 0;
  private cancelAnnouncement: (() => void) | undefined;

  constructor(private readonly dependencies: MembershipDependencies) {}

  get bus(): Bus {
    return this.dependencies.bus;
  }

  get clock(): Clock {
    return this.dependencies.clock;
  }

  /** Whether the other members have had a heartbeat interval to announce themselves. */
  get isSettled(): boolean {
    return this.clock.monotonicMs() - this.sinceMs >= this.dependencies.heartbeatMs;
  }

  /** Begins a session. */
  begin(): void {
    this.sinceMs = this.clock.monotonicMs();
    this.announce();
  }

  /** Ends a session. */
  end(): void {
    this.cancelAnnouncement?.();
    this.cancelAnnouncement = undefined;
    for (const member of this.dependencies.members.all) this.dependencies.removed(member);
    this.dependencies.members.clear();
    this.hasChanged = true;
  }

  /** Announces this server, and removes members that have not announced themselves for three intervals. */
  heartbeat(): void {
    this.announce();
    const { members, heartbeatMs, removed } = this.dependencies;
    for (const member of members.expire(this.clock.monotonicMs() - maxMissedHeartbeats * heartbeatMs)) {
      this.hasChanged = true;
      removed(member);
    }
  }

  /** Announces a change of this server. */
  announceSoon(): void {
    const message = { kind: 'announcement-due' } as const;
    this.cancelAnnouncement ??= sendLater(this, addresses.nats, message, announcementDelayMs);
  }

  /** Announces this server. */
  announce(): void {
    this.cancelAnnouncement?.();
    this.cancelAnnouncement = undefined;
    const { self, replicas, held, isLeaving, publish } = this.dependencies;
    const { held: heldSet, complete } = held;
    publish({
      kind: 'PRESENCE',
      ...self,
      version: natsProtocolVersion,
      replicas,
      isLeaving: isLeaving(),
      held: heldSet,
      complete,
    });
  }

  /** This server is shutting down, so that others are to hold its partitions. */
  leave(): void {
    this.hasChanged = true;
    this.announceSoon();
  }

  receive(message: Message): void {
    const { members, self, replicas, removed, changed, warn } = this.dependencies;
    const { server } = message;
    if (server === self.server) {
      if (message.run !== self.run) warn(`another server announces itself as ${server}`);
      return;
    }
    if (message.kind === 'LEAVE') {
      if (!members.remove(server, message.run)) return;
      removed(server);
      this.hasChanged = true;
      return changed();
    }
    if (message.kind !== 'PRESENCE') return warn(`a ${message.kind} on the presence subject`);
    if (message.version !== natsProtocolVersion) {
      return warn(
        `${server} uses version ${message.version} of the messages, this server version ${natsProtocolVersion}`,
      );
    }
    if (message.replicas !== replicas) {
      warn(`${server} is configured with ${message.replicas} replicas, this server with ${replicas}`);
    }
    const previousRun = members.runOf(server);
    const change = members.record(message, this.clock.monotonicMs());
    if (change === 'none') return;
    if (change === 'joined') {
      if (previousRun !== undefined) removed(server);
      // The new member learns of this one at once.
      this.announceSoon();
    }
    this.hasChanged = true;
    changed();
  }

  /** Updates the placement after a change of the members. */
  updatePlacement(): void {
    if (!this.hasChanged) return;
    this.hasChanged = false;
    const { members, placement, self, isLeaving, bus } = this.dependencies;
    const active = members.active;
    if (!isLeaving()) active.push(self.server);
    if (!placement.update(active)) return;
    bus.publish({ kind: 'members', members: active.sort() });
  }

  /** Returns the number of partitions with fewer complete holders than configured, or than there are members. */
  countShort(): number {
    const { members, held, replicas, isLeaving } = this.dependencies;
    const expected = Math.min(replicas, members.active.length + (isLeaving() ? 0 : 1));
    return allPartitions.filter((partition) => {
      const own = held.complete.has(partition) ? 1 : 0;
      return members.completeHolders(partition).length + own < expected;
    }).length;
  }
}
