import { leafOf, partitionOfLeaf } from '../../../protocol/place/digest.js';
import type { ClientId, ServerId } from '../../../protocol/place/ids.js';
import type { LocationBatch } from '../../../protocol/place/location-batch.js';
import { formatNatsMessage, type NatsMessage as Message } from '../../../protocol/nats/messages.js';
import type { Subjects } from '../../../protocol/nats/subjects.js';
import { addresses } from '../../addresses.js';
import type { Bus } from '../../bus/bus.js';
import type { Clock } from '../../ports/clock.js';
import type { PubSubSession } from '../../ports/pub-sub.js';
import type { Members } from './members.js';

/** Bytes of a message besides its locations. */
const maxHeaderBytes = 512;

/** Minimum `max_payload` of the nats-server, in bytes: a message with the hashes of a partition's leaves fits. */
const minPayloadBytes = 8_192;

/** Minimum interval between two warnings, in milliseconds. */
const warningIntervalMs = 60_000;

/** What the output needs. */
export interface NatsOutputDependencies {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly subjects: Subjects;
  readonly members: Members;
  /** Maximum length of a line with a location. */
  readonly maxLineBytes: number;
}

/** Sends messages on the present session, and warnings to operators. Without a session, messages are dropped. */
export class NatsOutput {
  session: PubSubSession | undefined;
  private warnedMs = -Infinity;

  constructor(private readonly dependencies: NatsOutputDependencies) {}

  /** Bytes that were published and not sent. */
  get bufferedBytes(): number {
    return this.session?.bufferedBytes ?? 0;
  }

  /** Bytes of locations that fit into a message, besides one line; undefined without a session. */
  get maxBytes(): number | undefined {
    return this.session && this.session.maxPayloadBytes - this.dependencies.maxLineBytes - maxHeaderBytes;
  }

  /** Returns why messages of a session are too short; undefined if they are not. */
  findRejectionReason({ maxPayloadBytes }: PubSubSession): string | undefined {
    const minBytes = Math.max(minPayloadBytes, 2 * this.dependencies.maxLineBytes + maxHeaderBytes);
    if (maxPayloadBytes >= minBytes) return undefined;
    return `max_payload of the nats-server is ${maxPayloadBytes} bytes (at least ${minBytes} for these limits)`;
  }

  publish(subject: string, payload: Buffer, replyTo?: string): void {
    this.session?.publish(subject, payload, replyTo);
  }

  /** Publishes a message to all members. */
  announce(message: Message): void {
    this.publish(this.dependencies.subjects.presence, Buffer.from(formatNatsMessage(message), 'latin1'));
  }

  /** Sends a message to another server, with locations behind it. */
  sendTo(server: ServerId, message: Message, batch?: LocationBatch): void {
    const header = formatNatsMessage(message);
    const lines = batch?.buffer.bytes.subarray(0, batch.end);
    const payload = Buffer.allocUnsafe(header.length + (lines?.length ?? 0));
    payload.write(header, 0, 'latin1');
    if (lines !== undefined) payload.set(lines, header.length);
    this.publish(this.dependencies.subjects.directTo(server), payload);
  }

  /** Sends a lookup to the complete holders' queue group, or directly to each holder. */
  sendLookup(id: number, client: ClientId, to: 'queue' | 'holders'): void {
    const { subjects, members, bus } = this.dependencies;
    const partition = partitionOfLeaf(leafOf(client));
    const replyTo = subjects.responseTo(id);
    const send = (subject: string): void => this.publish(subject, Buffer.from(client, 'latin1'), replyTo);
    if (to === 'queue' && this.session !== undefined) return send(subjects.lookup(partition));
    const holders = this.session === undefined ? [] : members.holders(partition);
    for (const holder of holders) send(subjects.lookupAt(holder));
    bus.send(addresses.partitionLookup, { kind: 'lookup-sent', id, count: holders.length });
  }

  /** Publishes a warning, at most one a minute. */
  warn(reason: string): void {
    const { clock, bus } = this.dependencies;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.warnedMs < warningIntervalMs) return;
    this.warnedMs = nowMs;
    bus.publish({ kind: 'warning', about: 'nats', reason });
  }
}
