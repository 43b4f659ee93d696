import { createActor, type Actor as Machine } from 'xstate';
import { allClients } from '../../../protocol/client/command.js';
import { leafOf, partitionOfLeaf } from '../../../protocol/place/digest.js';
import type { ClientId } from '../../../protocol/place/ids.js';
import { LocationBatch } from '../../../protocol/place/location-batch.js';
import type { Sender } from '../../../protocol/nats/messages.js';
import { Subjects } from '../../../protocol/nats/subjects.js';
import { allPartitions } from '../../../protocol/place/partition-set.js';
import { maxPeerLineBytes } from '../../../protocol/peer/peer-line.js';
import { addresses } from '../../addresses.js';
import type { Actor, Bus } from '../../bus/bus.js';
import type { PartitionState } from '../../bus/events.js';
import { sendLater } from '../../bus/send-later.js';
import { sendRepeatedly } from '../../bus/send-repeatedly.js';
import type { Clock } from '../../ports/clock.js';
import type { Limits, LinkTimings } from '../../ports/limits.js';
import type { PubSub, PubSubSession } from '../../ports/pub-sub.js';
import type { Random } from '../../ports/random.js';
import type { TurnScheduler } from '../../ports/turn-scheduler.js';
import type { ServerId } from '../../../protocol/place/ids.js';
import { viaNats } from '../messages.js';
import { HeldPartitions } from './held-partitions.js';
import { Members } from './members.js';
import { Membership } from './membership.js';
import type { NatsMessage } from './messages.js';
import { NatsInput } from './nats-input.js';
import { NatsOutput } from './nats-output.js';
import { natsMachine, type NatsMachineActions } from './nats-machine.js';
import { PartitionExchange } from './partition-exchange.js';
import { PartitionSubscriptions } from './partition-subscriptions.js';
import { Placement } from './placement.js';
import { Publisher } from './publisher.js';
import { ReceivedPublications } from './received-publications.js';
import { Republishing } from './republishing.js';

/** Settings of replication over NATS. */
export interface NatsReplicationSettings {
  readonly server: ServerId;
  /** The second token of all subjects. */
  readonly subjectName: string;
  /** Servers that hold each partition; Infinity for all. */
  readonly replicas: number;
  readonly linkTimings: LinkTimings;
  readonly limits: Pick<Limits, 'maxLineBytes' | 'maxPeerOutputBufferBytes'>;
}

/** Dependencies of replication over NATS. */
export interface NatsReplicationDependencies {
  readonly clock: Clock;
  readonly random: Random;
  readonly pubSub: PubSub;
  /** Runs work at the end of a turn: sends the locations that were received in it to the store. */
  readonly turn: TurnScheduler;
}

/** Delay of a presence or an evaluation after a change, in milliseconds: others that follow at once are covered. */
const coalescingMs = 10;

/** Pause between two pages of reports that are published again, in milliseconds. */
const retainedPagePauseMs = 1;

/** Unsent bytes at which publishing reports again pauses. */
const maxRepublishedBytes = 1_048_576;

/** Pause of publishing reports again while too many bytes are unsent, in milliseconds. */
const retryPauseMs = 20;

/**
 * Replicates locations over NATS: publishes those that clients report, receives those of the partitions that this server holds, and takes
 * part in the herd's membership, which decides which partitions that are.
 */
export class NatsReplication implements Actor<NatsMessage> {
  private readonly self: Sender;
  private readonly subjects: Subjects;
  private readonly lifecycle: Machine<typeof natsMachine>;
  private readonly members = new Members();
  private readonly placement: Placement;
  private readonly held: HeldPartitions;
  private readonly received = new ReceivedPublications();
  private readonly subscriptions: PartitionSubscriptions;
  private readonly exchange: PartitionExchange;
  private readonly publisher: Publisher;
  private readonly republishing: Republishing;
  private readonly membership: Membership;
  private readonly output: NatsOutput;
  private readonly input: NatsInput;
  /** The session that was opened last. */
  private opened: PubSubSession | undefined;
  private isLeaving = false;
  private hasLeft = false;
  private hasRestored = false;
  private partitionsText = '';
  private cancelEvaluation: (() => void) | undefined;
  private evaluationDueMs = 0;
  private readonly timers: (() => void)[];

  constructor(
    readonly bus: Bus,
    private readonly dependencies: NatsReplicationDependencies,
    private readonly settings: NatsReplicationSettings,
  ) {
    const { clock, random } = dependencies;
    const { server, subjectName, replicas, linkTimings, limits } = settings;
    const { heartbeatMs } = linkTimings;
    const run = Math.floor(random.next() * Number.MAX_SAFE_INTEGER).toString(36);
    this.self = { server, run };
    this.subjects = new Subjects(subjectName, server);
    this.placement = new Placement(replicas);
    const { members, placement, received, self, subjects } = this;
    const maxLineBytes = maxPeerLineBytes(limits.maxLineBytes);
    this.output = new NatsOutput({ bus, clock, subjects, members, maxLineBytes });
    const { output } = this;
    this.held = new HeldPartitions({
      self: server,
      members,
      placement,
      random,
      heartbeatMs,
      compare: (to, partitions, purpose) => this.exchange.compare(to, partitions, purpose),
      changed: (partition, state, isComplete) => this.partitionChanged(partition, state, isComplete),
    });
    const { held } = this;
    this.subscriptions = new PartitionSubscriptions(subjects, (partition) => ({
      isHeld: held.held.has(partition),
      answersLookups: this.isCurrent(partition),
    }));
    this.exchange = new PartitionExchange({
      bus,
      clock,
      random,
      self,
      members,
      held,
      received,
      send: (to, message, batch) => output.sendTo(to, message, batch),
      repaired: (partition) => this.updateUse(partition),
      maxBytes: () => output.maxBytes ?? 0,
    });
    this.republishing = new Republishing({
      request: (cursor, partitions) =>
        bus.send(addresses.partitionStore, { kind: 'list-retained', cursor, partitions }),
      pause: () => {
        const isBehind = this.output.bufferedBytes > maxRepublishedBytes;
        const pauseMs = isBehind ? retryPauseMs : retainedPagePauseMs;
        return sendLater(this, addresses.nats, { kind: 'retained-page-due' }, pauseMs);
      },
      begin: (partitions) => this.publisher.beginRepublishing(partitions),
      publish: (batch) => this.publisher.republish(batch, this.output.maxBytes),
      end: (partitions) => this.publisher.endRepublishing(partitions),
    });
    this.publisher = new Publisher({
      self,
      publish: (partition, payload) => output.publish(subjects.locations(partition), payload),
      holds: (partition) => held.held.has(partition) && !held.isLeavingPartition(partition),
      completeHolders: (partition) => members.completeHolders(partition),
      rotate: () => bus.send(addresses.partitionStore, { kind: 'rotate-retained' }),
      republish: (partitions) => this.republish(partitions),
    });
    this.membership = new Membership({
      self,
      bus,
      clock,
      members,
      placement,
      held,
      replicas,
      heartbeatMs,
      isLeaving: () => this.isLeaving,
      publish: (message) => output.announce(message),
      removed: (member) => this.memberRemoved(member),
      changed: () => this.scheduleEvaluation(coalescingMs),
      warn: (reason) => output.warn(reason),
    });
    const { exchange, publisher, membership } = this;
    this.input = new NatsInput({
      bus,
      turn: dependencies.turn,
      subjects,
      members,
      membership,
      held,
      received,
      exchange,
      publisher,
      maxLineBytes,
      missingChanged: (partition) => this.updateUse(partition),
      republish: (partition) => this.republish(new Set([partition])),
      exchanged: () => this.scheduleEvaluation(coalescingMs),
      confirmed: () => this.checkLeft(),
      warn: (reason) => output.warn(reason),
    });
    const { antiEntropyMs } = linkTimings;
    this.timers = [
      sendRepeatedly(this, addresses.nats, { kind: 'heartbeat-due' }, () => heartbeatMs),
      sendRepeatedly(this, addresses.nats, { kind: 'comparison-due' }, () => antiEntropyMs * (0.5 + random.next())),
    ];
    this.lifecycle = createActor(natsMachine, { clock, input: { random, actions: this.machineActions() } });
    this.lifecycle.subscribe({ error: (error) => bus.send(addresses.nats, { kind: 'machine-failed', error }) });
    this.lifecycle.start();
  }

  get clock(): Clock {
    return this.dependencies.clock;
  }

  receive(message: NatsMessage): void {
    switch (message.kind) {
      case 'session-message':
        if (message.session === this.output.session)
          this.input.receive(message.subject, message.payload, message.replyTo);
        return;
      case 'replicate':
        if (message.from !== viaNats) this.publisher.publish(message.batch, this.output.maxBytes);
        return;
      case 'session-opened':
        if (message.session === this.opened) this.beginSession(message.session);
        return;
      case 'session-unanswered':
        return this.input.receiveUnanswered(message.replyTo);
      case 'session-closed':
        if (message.session === this.opened) this.lifecycle.send({ type: 'CLOSED', reason: message.reason });
        return;
      case 'partition-hashes':
        return this.exchange.receiveHashes(message);
      case 'leaf-hashes':
        return this.exchange.receiveLeafHashes(message);
      case 'pull-page':
        return this.exchange.receivePullPage(message);
      case 'retained-page':
        return this.republishing.receivePage(message.batch, message.next);
      case 'retained-page-due':
        if (this.output.bufferedBytes > maxRepublishedBytes) return this.republishing.pause();
        return this.republishing.requestNext();
      case 'remote-lookup-done': {
        const { replyTo, location } = message;
        return this.output.publish(replyTo, Buffer.from(location?.line ?? '', 'latin1'));
      }
      case 'send-lookup':
        return this.output.sendLookup(message.id, message.client, message.to);
      case 'watched':
        return this.watch(message.client);
      case 'unwatched':
        this.subscriptions.unwatch(message.client);
        return this.bus.send(addresses.partitionStore, { kind: 'unwatch', client: message.client });
      case 'located': {
        const { location } = message;
        if (location === undefined) return;
        return this.bus.send(addresses.partitionStore, { kind: 'observed', batch: LocationBatch.of([location]) });
      }
      case 'nearby-response':
      case 'request-failed':
        return;
      case 'heartbeat-due':
        return this.heartbeat();
      case 'announcement-due':
        if (this.output.session !== undefined) this.membership.announce();
        return;
      case 'comparison-due':
        if (this.output.session === undefined) return;
        this.exchange.compareAll();
        // A lost publication of a client that is held elsewhere is noticed in no other way.
        for (const client of this.subscriptions.watched) this.lookUpWatched(client);
        return;
      case 'evaluation-due':
        this.cancelEvaluation = undefined;
        return this.evaluate();
      case 'leave':
        return this.leave();
      case 'machine-failed':
        throw message.error;
      default:
        message satisfies never;
    }
  }

  stop(): void {
    for (const cancel of this.timers) cancel();
    this.cancelEvaluation?.();
    this.output.announce({ kind: 'LEAVE', ...this.self });
    this.lifecycle.send({ type: 'STOP' });
  }

  private machineActions(): NatsMachineActions {
    const { bus } = this;
    return {
      open: () => {
        this.opened = this.dependencies.pubSub.open({
          opened: (session) => bus.send(addresses.nats, { kind: 'session-opened', session }),
          received: (session, subject, payload, replyTo) =>
            bus.send(addresses.nats, { kind: 'session-message', session, subject, payload, replyTo }),
          unanswered: (session, replyTo) => bus.send(addresses.nats, { kind: 'session-unanswered', session, replyTo }),
          closed: (session, reason) => bus.send(addresses.nats, { kind: 'session-closed', session, reason }),
        });
      },
      close: () => this.endSession(),
      publishState: (state, { reason, retryInMs }) => {
        bus.publish({ kind: 'nats', state, reason, retryInMs: state === 'backoff' ? retryInMs : 0 });
      },
    };
  }

  private beginSession(session: PubSubSession): void {
    const reason = this.output.findRejectionReason(session);
    if (reason !== undefined) return this.lifecycle.send({ type: 'CLOSED', reason });
    this.output.session = session;
    this.lifecycle.send({ type: 'OPENED' });
    session.subscribe(this.subjects.presence);
    session.subscribe(this.subjects.own);
    this.held.beginSession(this.clock.monotonicMs());
    this.subscriptions.begin(session);
    if (!this.hasRestored) {
      this.hasRestored = true;
      const request = { kind: 'restored' } as const;
      this.bus.send(addresses.partitionStore, { kind: 'hash-partitions', partitions: allPartitions, request });
    }
    this.membership.begin();
    this.republish(new Set(allPartitions));
    for (const client of this.subscriptions.watched) this.lookUpWatched(client);
    this.scheduleEvaluation(this.settings.linkTimings.heartbeatMs);
  }

  private endSession(): void {
    this.output.session = undefined;
    this.opened?.close();
    this.opened = undefined;
    this.subscriptions.begin(undefined);
    this.membership.end();
    this.received.clear();
    this.exchange.clear();
    this.republishing.clear();
    // What was received is new, whatever became of the session.
    this.input.flush();
    this.cancelEvaluation?.();
    this.cancelEvaluation = undefined;
    for (const partition of allPartitions) if (this.held.complete.has(partition)) this.updateUse(partition);
    this.checkLeft();
  }

  private heartbeat(): void {
    const { session } = this.output;
    if (session === undefined) return;
    if (session.bufferedBytes > this.settings.limits.maxPeerOutputBufferBytes) {
      // Partitions are compared when the next session begins, and retained reports are published again.
      return this.lifecycle.send({ type: 'CLOSED', reason: 'the nats-server reads too slowly' });
    }
    this.membership.heartbeat();
    this.exchange.expire();
    for (const { server, confirmed } of this.received.takeUnconfirmed()) {
      this.output.sendTo(server, { kind: 'CONFIRM', ...this.self, confirmed });
    }
    for (const { server, partition, from } of this.received.missing()) this.exchange.repair(server, partition, from);
    this.publisher.tick();
    this.evaluate();
    this.checkLeft();
  }

  private watch(client: ClientId): void {
    this.bus.send(addresses.partitionStore, { kind: 'watch', client });
    this.subscriptions.watch(client);
    if (client !== allClients) this.lookUpWatched(client);
  }

  /** Looks up a watched client, whose subscribers are sent its location. */
  private lookUpWatched(client: ClientId): void {
    if (this.held.complete.has(partitionOfLeaf(leafOf(client)))) return;
    const request = { replyTo: addresses.nats, requestId: 0, remoteHost: '' };
    this.bus.send(addresses.lookup, { kind: 'lookup', client, known: undefined, ...request });
  }

  private partitionChanged(partition: number, state: PartitionState, isComplete: boolean): void {
    this.bus.publish({ kind: 'partition', partition, state });
    if (state === 'none') this.received.forgetPartition(partition);
    this.updateUse(partition, isComplete);
    this.membership.announceSoon();
    this.scheduleEvaluation(coalescingMs);
  }

  /** Whether requests for clients of a partition are answered here, for this server's clients and for other servers. */
  private isCurrent(partition: number): boolean {
    return (
      this.output.session !== undefined && this.held.complete.has(partition) && !this.received.isMissing(partition)
    );
  }

  private updateUse(partition: number, isComplete = this.held.complete.has(partition)): void {
    this.subscriptions.update(partition);
    this.bus.send(addresses.partitionStore, {
      kind: 'partition-state',
      partition,
      isHeld: this.held.held.has(partition),
      isLeaving: this.held.isLeavingPartition(partition),
      isComplete: isComplete && this.isCurrent(partition),
    });
  }

  private memberRemoved(member: ServerId): void {
    for (const { server, partition, from } of [...this.received.missing()]) {
      if (server === member) this.exchange.repair(server, partition, from);
    }
    this.bus.send(addresses.partitionStore, { kind: 'pulls-ended', by: member });
    this.received.forget(member);
    this.publisher.forget(member);
  }

  /** Brings the held partitions closer to what they should be. */
  private evaluate(): void {
    const { held } = this;
    if (this.output.session === undefined || !this.membership.isSettled) return;
    this.membership.updatePlacement();
    held.update(this.clock.monotonicMs());
    const { filling, leaving } = held;
    if (filling === 0) this.lifecycle.send({ type: 'COMPLETE' });
    const short = this.membership.countShort();
    const complete = held.held.size - filling - leaving;
    const text = `${complete} ${filling} ${leaving} ${short}`;
    if (text !== this.partitionsText) {
      this.partitionsText = text;
      this.bus.publish({ kind: 'partitions', complete, filling, leaving, short });
    }
    if (held.isBusy) this.scheduleEvaluation(this.settings.linkTimings.heartbeatMs / 4);
    this.checkLeft();
  }

  private scheduleEvaluation(delayMs: number): void {
    const dueMs = this.clock.monotonicMs() + delayMs;
    if (this.cancelEvaluation !== undefined && dueMs >= this.evaluationDueMs) return;
    this.cancelEvaluation?.();
    this.evaluationDueMs = dueMs;
    this.cancelEvaluation = sendLater(this, addresses.nats, { kind: 'evaluation-due' }, delayMs);
  }

  private leave(): void {
    this.isLeaving = true;
    this.held.leave();
    this.membership.leave();
    this.evaluate();
    this.checkLeft();
  }

  /** Reports when the other servers have everything that this one held. */
  private checkLeft(): void {
    if (!this.isLeaving || this.hasLeft) return;
    const hasOthers = this.output.session !== undefined && this.members.active.length > 0;
    if (hasOthers && (this.held.held.size > 0 || this.publisher.hasUnconfirmed)) return;
    this.hasLeft = true;
    this.bus.send(addresses.server, { kind: 'replication-left' });
  }

  private republish(partitions: ReadonlySet<number>): void {
    if (this.output.session !== undefined) this.republishing.add(partitions);
  }
}
