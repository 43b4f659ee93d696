import { asClientId, type ServerId } from '../../../protocol/place/ids.js';
import { parseAt } from '../../../protocol/place/location.js';
import { LocationBatch } from '../../../protocol/place/location-batch.js';
import { parseNatsMessage, type NatsMessage as Message, type Sender } from '../../../protocol/nats/messages.js';
import type { Subjects } from '../../../protocol/nats/subjects.js';
import { addresses } from '../../addresses.js';
import type { Bus } from '../../bus/bus.js';
import { CollectedBatch } from '../../bus/collected-batch.js';
import type { TurnScheduler } from '../../ports/turn-scheduler.js';
import { viaNats } from '../messages.js';
import type { HeldPartitions } from './held-partitions.js';
import { LocationReceiver } from './location-receiver.js';
import type { Members } from './members.js';
import type { Membership } from './membership.js';
import type { PartitionExchange } from './partition-exchange.js';
import type { Publisher } from './publisher.js';
import type { ReceivedPublications } from './received-publications.js';

/** What the input needs. */
export interface NatsInputDependencies {
  readonly bus: Bus;
  /** Runs `flush` at the end of a turn. */
  readonly turn: TurnScheduler;
  readonly subjects: Subjects;
  readonly members: Members;
  readonly membership: Membership;
  readonly held: HeldPartitions;
  readonly received: ReceivedPublications;
  readonly exchange: PartitionExchange;
  readonly publisher: Publisher;
  /** Maximum length of a line with a location. */
  readonly maxLineBytes: number;
  /** Publications of a partition are missing, or none are any more. */
  readonly missingChanged: (partition: number) => void;
  /** Another server lacks reports of a partition. */
  readonly republish: (partition: number) => void;
  /** A partition may be complete, or handed over. */
  readonly exchanged: () => void;
  /** Publications of this server were confirmed. */
  readonly confirmed: () => void;
  readonly warn: (reason: string) => void;
}

/** Checks the messages of other servers, and hands them to those that handle them. */
export class NatsInput {
  private readonly receiver: LocationReceiver;
  /** Locations received in this turn: of held partitions, and of those that are only watched. */
  private readonly receivedBatch: CollectedBatch;
  private readonly observedBatch: CollectedBatch;

  constructor(private readonly dependencies: NatsInputDependencies) {
    const { bus, maxLineBytes } = dependencies;
    this.receiver = new LocationReceiver(maxLineBytes);
    this.receivedBatch = new CollectedBatch(bus);
    this.observedBatch = new CollectedBatch(bus);
  }

  /** Handles a message. @param payload valid during the call */
  receive(subject: string, payload: Uint8Array, replyTo: string): void {
    const topic = this.dependencies.subjects.parse(subject);
    if (topic === undefined) return this.dependencies.warn(`a message on the unknown subject ${subject}`);
    const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
    switch (topic.kind) {
      case 'lookup': {
        // It must see the publications before it.
        this.flush();
        const client = asClientId(bytes.toString('latin1', 0, this.dependencies.maxLineBytes));
        if (!this.dependencies.subjects.isResponse(replyTo))
          return this.dependencies.warn(`a lookup with the reply subject ${replyTo}`);
        return this.dependencies.bus.send(addresses.partitionStore, { kind: 'remote-lookup', client, replyTo });
      }
      case 'response': {
        const line = bytes.toString('latin1');
        const location = line === '' ? undefined : parseAt(line);
        if (line !== '' && location === undefined) this.dependencies.warn('an invalid response to a lookup');
        return this.dependencies.bus.send(addresses.partitionLookup, {
          kind: 'lookup-response',
          id: topic.lookup,
          location,
        });
      }
      default: {
        const headerEnd = bytes.indexOf(10);
        const header = bytes.toString('latin1', 0, headerEnd < 0 ? bytes.length : headerEnd);
        const rest = () =>
          bytes
            .toString('latin1', headerEnd + 1)
            .split('\n')
            .filter((line) => line !== '');
        const message = parseNatsMessage(header, rest);
        if (message === undefined) return this.dependencies.warn(`an invalid message on ${subject}`);
        if (topic.kind === 'locations') this.receiveLocations(message, bytes, headerEnd + 1, topic.partition);
        else if (topic.kind === 'presence') this.dependencies.membership.receive(message);
        else if (this.isFromMember(message)) this.receiveDirect(message, bytes, headerEnd + 1);
      }
    }
  }

  private receiveLocations(message: Message, bytes: Buffer, start: number, partition: number): void {
    if (message.kind !== 'PUB') return this.dependencies.warn(`a ${message.kind} among locations`);
    const { held, received, exchange, turn } = this.dependencies;
    const isHeld = held.held.has(partition);
    const { batch } = isHeld ? this.receivedBatch : this.observedBatch;
    if (this.receivedBatch.isEmpty && this.observedBatch.isEmpty) turn.schedule(this);
    this.noteInvalid(this.receiver.read(bytes, start, partition, batch), message.server);
    if (!isHeld || !this.isFromMember(message) || !received.record(message, partition, !held.complete.has(partition)))
      return;
    this.dependencies.missingChanged(partition);
    if (!received.isMissing(partition)) return;
    exchange.repair(message.server, partition, message.floor === undefined ? 'holder' : 'publisher');
  }

  /** Whether a message is of the present run of a member: what is kept of senders is removed with the member. */
  private isFromMember({ server, run }: Sender): boolean {
    return this.dependencies.members.runOf(server) === run;
  }

  /** Sends the locations that were received in this turn to the store. */
  flush(): void {
    const { receivedBatch, observedBatch } = this;
    const { bus } = this.dependencies;
    const batch = receivedBatch.take();
    if (batch !== undefined) bus.send(addresses.store, { kind: 'learned', batch, from: viaNats });
    const observed = observedBatch.take();
    if (observed !== undefined) bus.send(addresses.partitionStore, { kind: 'observed', batch: observed });
  }

  private receiveDirect(message: Message, bytes: Buffer, start: number): void {
    const { server } = message;
    switch (message.kind) {
      case 'DIGEST':
        // The hashes must cover the publications before them.
        this.flush();
        return this.dependencies.exchange.receiveDigest(message);
      case 'COMPARE':
        return this.dependencies.exchange.receiveCompare(message);
      case 'PAGE': {
        const { partition, isLast } = message;
        const batch = new LocationBatch().clear();
        this.noteInvalid(this.receiver.read(bytes, start, partition, batch), server);
        this.dependencies.exchange.receivePage({ server, partition, isLast, batch, bytes: bytes.length });
        return this.dependencies.exchanged();
      }
      case 'NEXT':
      case 'PULLED':
        this.dependencies.exchange.receiveSignal({ ...message, kind: message.kind });
        return this.dependencies.exchanged();
      case 'MISSED':
        return this.dependencies.republish(message.partition);
      case 'CONFIRM':
        this.dependencies.publisher.confirm(message);
        return this.dependencies.confirmed();
      case 'PUB':
      case 'PRESENCE':
      case 'LEAVE':
        return this.dependencies.warn(`a ${message.kind} sent to this server only`);
      default:
        message satisfies never;
    }
  }

  /** Handles the report that a lookup had no subscriber. */
  receiveUnanswered(replyTo: string): void {
    const topic = this.dependencies.subjects.parse(replyTo);
    if (topic?.kind !== 'response') return;
    this.dependencies.bus.send(addresses.partitionLookup, { kind: 'lookup-unanswered', id: topic.lookup });
  }

  private noteInvalid(count: number, server: ServerId): void {
    if (count > 0) this.dependencies.warn(`${count} invalid locations of ${server}`);
  }
}
