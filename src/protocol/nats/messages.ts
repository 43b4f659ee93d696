import { partitionCount } from '../place/digest.js';
import { asServerId, type ServerId } from '../place/ids.js';
import { PartitionSet } from '../place/partition-set.js';
import { formatInstant, parseTime, type Instant } from '../place/time.js';
import { fieldsOf, type ByteString } from '../text/bytes.js';

/*
 * Messages between the servers of a herd on NATS. A payload is lines of text; the first is the header: keyword, sender, and the
 * sender's run, a text that differs for each start. docs/reference/nats-protocol.md has the rules.
 */

/** Version of the messages; servers ignore members with another one, and warn. */
export const natsProtocolVersion = '1';

/** The server that sent a message. */
export interface Sender {
  readonly server: ServerId;
  /** Differs for each start of a server. */
  readonly run: string;
}

/** A member announces itself. */
export interface PresenceMessage extends Sender {
  readonly kind: 'PRESENCE';
  readonly version: string;
  /** Configured holders of each partition; Infinity for all members. */
  readonly replicas: number;
  /** Whether it is shutting down, so that others are to hold its partitions. */
  readonly isLeaving: boolean;
  /** The partitions that it holds, completely or not, and those that it holds completely. */
  readonly held: PartitionSet;
  readonly complete: PartitionSet;
}

/** Header of new locations of a partition; the AT lines follow. */
export interface PublicationHeader extends Sender {
  readonly kind: 'PUB';
  /** Counts the publications of the run in the partition, from 1. */
  readonly sequence: number;
  /**
   * All holders have the publications up to this one, or their locations are published again. Undefined if the publisher holds the
   * partition, so that a receiver that lacks one compares with it.
   */
  readonly floor: number | undefined;
}

/** The sender's hash of each partition. */
export type PartitionHash = readonly [partition: number, hash: string];

/**
 * Compares partitions by their hashes. `ask`: the receiver responds with an `answer`. `sync`: likewise, and both sides pull what
 * differs. `handover`: the receiver pulls what differs, and responds `PULLED`, whereupon the sender drops the partition.
 */
export interface DigestMessage extends Sender {
  readonly kind: 'DIGEST';
  readonly purpose: 'ask' | 'sync' | 'answer' | 'handover';
  readonly hashes: readonly PartitionHash[];
}

/** Requests the locations of a partition in the leaves that differ. */
export interface CompareMessage extends Sender {
  readonly kind: 'COMPARE';
  readonly partition: number;
  readonly leafHashes: string;
  /** Locations received by then are not wanted: the sender has evicted them. */
  readonly horizon: Instant | undefined;
}

/** Header of a page of locations: the response to COMPARE and NEXT. The AT lines follow. */
export interface PageHeader extends Sender {
  readonly kind: 'PAGE';
  readonly partition: number;
  readonly isLast: boolean;
}

/** Requests the next page. PULLED: the sender has pulled all that differed. MISSED: publications of the receiver are missing. */
export interface PartitionSignal extends Sender {
  readonly kind: 'NEXT' | 'PULLED' | 'MISSED';
  readonly partition: number;
}

/** Confirms publications of the receiver: for each partition, all up to a sequence. */
export interface ConfirmMessage extends Sender {
  readonly kind: 'CONFIRM';
  readonly confirmed: readonly (readonly [partition: number, sequence: number])[];
}

/** A member has left. */
export interface LeaveMessage extends Sender {
  readonly kind: 'LEAVE';
}

export type NatsMessage =
  | PresenceMessage
  | LeaveMessage
  | PublicationHeader
  | DigestMessage
  | CompareMessage
  | PageHeader
  | PartitionSignal
  | ConfirmMessage;

const integerPattern = /^\d{1,15}$/;
const runPattern = /^[a-z0-9]{1,16}$/;
const hashPattern = /^[0-9a-f]{1,16}$/;

/**
 * Parses a message. Never throws.
 * @param header the first line; @param rest the other lines, needed for messages that are not followed by locations
 * @returns undefined if it is not valid
 */
export function parseNatsMessage(header: ByteString, rest: () => readonly ByteString[]): NatsMessage | undefined {
  const [kind, serverField = '', run = '', ...fields] = fieldsOf(header);
  const server = asServerId(serverField);
  if (server === undefined || !runPattern.test(run)) return undefined;
  const sender = { server, run };
  const [first = '', second = ''] = fields;
  switch (kind) {
    case 'PRESENCE':
      return parsePresence(sender, fields);
    case 'LEAVE':
      return { kind, ...sender };
    case 'PUB': {
      const sequence = parseInteger(first);
      const floor = second === '-' ? undefined : parseInteger(second);
      if (sequence === undefined || (floor === undefined && second !== '-')) return undefined;
      return { kind, ...sender, sequence, floor };
    }
    case 'DIGEST': {
      const hashes = parsePairs(rest(), (hash) => (hashPattern.test(hash) ? hash : undefined));
      if (hashes === undefined) return undefined;
      if (first !== 'ask' && first !== 'sync' && first !== 'answer' && first !== 'handover') return undefined;
      return { kind, ...sender, purpose: first, hashes };
    }
    case 'COMPARE': {
      const partition = parsePartition(first);
      if (partition === undefined) return undefined;
      return { kind, ...sender, partition, leafHashes: second, horizon: parseTime(fields[2] ?? '') };
    }
    case 'PAGE': {
      const partition = parsePartition(first);
      if (partition === undefined || (second !== 'last' && second !== 'more')) return undefined;
      return { kind, ...sender, partition, isLast: second === 'last' };
    }
    case 'NEXT':
    case 'PULLED':
    case 'MISSED': {
      const partition = parsePartition(first);
      return partition === undefined ? undefined : { kind, ...sender, partition };
    }
    case 'CONFIRM': {
      const confirmed = parsePairs(rest(), parseInteger);
      return confirmed && { kind, ...sender, confirmed };
    }
    default:
      return undefined;
  }
}

/** Formats a message; AT lines may follow those with locations. */
export function formatNatsMessage(message: NatsMessage): ByteString {
  const start = `${message.kind} ${message.server} ${message.run}`;
  switch (message.kind) {
    case 'PRESENCE': {
      const { version, replicas, isLeaving, held, complete } = message;
      const replicasText = replicas === Infinity ? 'all' : String(replicas);
      const state = isLeaving ? 'leaving' : 'active';
      return `${start} ${version} ${replicasText} ${state} ${held.encode()} ${complete.encode()}\n`;
    }
    case 'LEAVE':
      return `${start}\n`;
    case 'PUB':
      return `${start} ${message.sequence} ${message.floor ?? '-'}\n`;
    case 'DIGEST':
      return `${start} ${message.purpose}\n${formatPairs(message.hashes)}`;
    case 'COMPARE': {
      const { partition, leafHashes, horizon } = message;
      // Only a forged receipt leads to a horizon before 1970, which a time field cannot express.
      const horizonText = horizon === undefined || horizon.seconds < 0 ? '' : ` ${formatInstant(horizon)}`;
      return `${start} ${partition} ${leafHashes}${horizonText}\n`;
    }
    case 'PAGE':
      return `${start} ${message.partition} ${message.isLast ? 'last' : 'more'}\n`;
    case 'NEXT':
    case 'PULLED':
    case 'MISSED':
      return `${start} ${message.partition}\n`;
    case 'CONFIRM':
      return `${start}\n${formatPairs(message.confirmed)}`;
  }
}

function parsePresence(sender: Sender, fields: readonly ByteString[]): PresenceMessage | undefined {
  const [version = '', replicasText = '', state = '', heldText = '', completeText = ''] = fields;
  // Only the version of a member with another one is known.
  const isKnown = version === natsProtocolVersion;
  const replicas = replicasText === 'all' ? Infinity : parseInteger(replicasText);
  const held = isKnown ? PartitionSet.decode(heldText) : new PartitionSet();
  const complete = isKnown ? PartitionSet.decode(completeText) : new PartitionSet();
  if (held === undefined || complete === undefined || (replicas === undefined && isKnown)) return undefined;
  const isLeaving = state === 'leaving';
  return { kind: 'PRESENCE', ...sender, version, replicas: replicas ?? 0, isLeaving, held, complete };
}

function parsePairs<Value>(
  lines: readonly ByteString[],
  parse: (text: ByteString) => Value | undefined,
): (readonly [number, Value])[] | undefined {
  const pairs: (readonly [number, Value])[] = [];
  for (const line of lines) {
    const [partitionText = '', valueText = ''] = line.split(' ');
    const partition = parsePartition(partitionText);
    const value = parse(valueText);
    if (partition === undefined || value === undefined) return undefined;
    pairs.push([partition, value]);
  }
  return pairs;
}

function formatPairs(pairs: readonly (readonly [number, number | string])[]): ByteString {
  return pairs.map(([partition, value]) => `${partition} ${value}\n`).join('');
}

function parseInteger(text: ByteString): number | undefined {
  return integerPattern.test(text) ? Number(text) : undefined;
}

function parsePartition(text: ByteString): number | undefined {
  const partition = parseInteger(text);
  return partition !== undefined && partition < partitionCount ? partition : undefined;
}
