import { fieldsOf, type ByteString } from '../text/bytes.js';
import { groupCount } from '../place/digest.js';
import { asClientId, asServerId, serverIdSource, type ClientId, type ServerId } from '../place/ids.js';
import { atSource, Location } from '../place/location.js';
import { formatInstant, parseTime, type Instant } from '../place/time.js';

/** The longest line between servers, where clients may send lines of `maxLineBytes`: an AT line adds names and a skew. */
export function maxPeerLineBytes(maxLineBytes: number): number {
  return Math.max(maxLineBytes + 256, maxDigestLineBytes);
}

/** Room for the line of a digest: 256 hashes of 8 bytes in base64url, its name, and a moment. */
const maxDigestLineBytes = 3_072;

/**
 * The version of the protocol between servers; each has exactly one. A change of the order of locations is a new one: servers with
 * another order would never agree.
 */
export const peerProtocolVersion = '3';

/** The first line of each side: who speaks, to whom, in which herd, and in which version. */
export interface HelloLine {
  readonly kind: 'HELLO';
  readonly version: string;
  readonly herd: string;
  readonly from: ServerId;
  readonly to: ServerId;
  /** What the far end must prove its knowledge of the secret over; undefined without a secret. */
  readonly nonce: string | undefined;
}

/** The proof that a side knows the herd's secret, under each secret that it holds valid. */
export interface ProofLine {
  readonly kind: 'PROOF';
  readonly proofs: readonly string[];
}

/** The answer to a hello or proof that is not welcome, and why. The connection ends after it. */
export interface RefusedLine {
  readonly kind: 'REFUSED';
  readonly reason: string;
}

/** A location, and the server that passes it on. */
export interface PeerAtLine {
  readonly kind: 'AT';
  readonly location: Location;
  readonly forwarder: ServerId;
}

/** The hashes of the sender's groups of buckets: the first step of anti-entropy. */
export interface DigestLine {
  readonly kind: 'DIGEST';
  readonly groupHashes: string;
  /** The latest time of receipt that the sender has evicted: it takes nothing received by then. Undefined: it had room. */
  readonly horizon: Instant | undefined;
}

/** The answer to a digest, once for each group that differs: the hashes of the sender's buckets in it. */
export interface PartitionsLine {
  readonly kind: 'BUCKETS';
  readonly group: number;
  readonly partitionHashes: string;
}

/** Asks where a client is that the sender does not know. */
export interface LookupLine {
  readonly kind: 'SEEK';
  /** The same for one question on all its ways, and for no other. */
  readonly id: string;
  /** How many servers further it may be passed on. */
  readonly hops: number;
  readonly client: ClientId;
}

/** The answer to a SEEK: nobody who could be asked on this side knows the client. A server that knows it sends its AT. */
export interface UnknownLine {
  readonly kind: 'UNKNOWN';
  readonly id: string;
}

/**
 * A line that is only a word. COMPARED: for every group that differs the buckets have been sent. CAUGHT-UP: for every bucket
 * that differed the locations have been sent. GOODBYE: the sender has been told to stop.
 */
export interface SignalLine {
  readonly kind: 'COMPARED' | 'CAUGHT-UP' | 'GOODBYE';
}

/** A heartbeat: the sender is alive, and this is its time of day. */
export interface HeartbeatLine {
  readonly kind: 'BEAT';
  readonly clock: Instant;
}

/** Not a line that a server sends. */
export interface InvalidPeerLine {
  readonly kind: 'invalid';
}

/** What a neighbour's line says. */
export type PeerLine =
  | HelloLine
  | ProofLine
  | RefusedLine
  | PeerAtLine
  | DigestLine
  | PartitionsLine
  | LookupLine
  | UnknownLine
  | HeartbeatLine
  | SignalLine
  | InvalidPeerLine;

/** What connected servers tell each other besides locations. */
export type PeerMessage = DigestLine | PartitionsLine | LookupLine | UnknownLine | HeartbeatLine | SignalLine;

const invalid: InvalidPeerLine = { kind: 'invalid' };
const integerPattern = /^\d{1,3}$/;
const peerAtPattern = new RegExp(`^${atSource} ${serverIdSource}$`);

/** The words that are lines of their own. */
export const comparedLine: SignalLine = { kind: 'COMPARED' };
export const caughtUpLine: SignalLine = { kind: 'CAUGHT-UP' };
export const goodbyeLine: SignalLine = { kind: 'GOODBYE' };

/** Reads one line of a neighbour. Never throws. */
export function parsePeerLine(line: ByteString): PeerLine {
  // By far the most frequent.
  if (line.startsWith('AT ')) return parsePeerAt(line);
  const fields = fieldsOf(line);
  switch (fields[0] ?? '') {
    case 'BEAT':
      return parseHeartbeat(fields);
    case 'COMPARED':
      return comparedLine;
    case 'CAUGHT-UP':
      return caughtUpLine;
    case 'GOODBYE':
      return goodbyeLine;
    case 'DIGEST':
      return { kind: 'DIGEST', groupHashes: fields[1] ?? '', horizon: parseTime(fields[2] ?? '') };
    case 'BUCKETS':
      return parsePartitions(fields);
    case 'SEEK':
      return parseLookup(fields);
    case 'UNKNOWN':
      return { kind: 'UNKNOWN', id: fields[1] ?? '' };
    case 'HELLO':
      return parseHello(fields);
    case 'PROOF':
      return { kind: 'PROOF', proofs: fields.slice(1, 1 + maxProofs) };
    case 'REFUSED':
      return { kind: 'REFUSED', reason: fields.slice(1).join(' ') };
    default:
      return invalid;
  }
}

/** Proofs that are looked at: there are at most two secrets at a time, and each proof costs an HMAC. */
const maxProofs = 4;

function parsePeerAt(line: ByteString): PeerAtLine | InvalidPeerLine {
  if (!peerAtPattern.test(line)) return invalid;
  const end = line.lastIndexOf(' ');
  return { kind: 'AT', location: Location.fromPrefix(line, end), forwarder: line.slice(end + 1) as ServerId };
}

/** Fields behind the nonce are ignored, so that a server of a later version is told why it is refused ([PE3], [PE27]). */
function parseHello([, version, herd, fromField, toField, nonce]: readonly ByteString[]): HelloLine | InvalidPeerLine {
  if (version === undefined || herd === undefined || fromField === undefined || toField === undefined) return invalid;
  const from = asServerId(fromField);
  const to = asServerId(toField);
  if (from === undefined || to === undefined) return invalid;
  return { kind: 'HELLO', version, herd, from, to, nonce };
}

function parseHeartbeat([, time, ...more]: readonly ByteString[]): HeartbeatLine | InvalidPeerLine {
  const clock = time === undefined || more.length > 0 ? undefined : parseTime(time);
  return clock === undefined ? invalid : { kind: 'BEAT', clock };
}

function parsePartitions([, group, partitionHashes]: readonly ByteString[]): PartitionsLine | InvalidPeerLine {
  if (group === undefined || partitionHashes === undefined || !integerPattern.test(group)) return invalid;
  if (Number(group) >= groupCount) return invalid;
  return { kind: 'BUCKETS', group: Number(group), partitionHashes };
}

function parseLookup([, id, hops, client, ...more]: readonly ByteString[]): LookupLine | InvalidPeerLine {
  if (id === undefined || hops === undefined || client === undefined || more.length > 0) return invalid;
  if (!integerPattern.test(hops)) return invalid;
  return { kind: 'SEEK', id, hops: Number(hops), client: asClientId(client) };
}

/** The line by which a server passes a location on. */
export function formatPeerAt(location: Location, forwarder: ServerId): ByteString {
  return `${location.line} ${forwarder}`;
}

/** Any other line that a server sends. */
export function formatPeerLine(line: Exclude<PeerLine, PeerAtLine | InvalidPeerLine>): ByteString {
  switch (line.kind) {
    case 'HELLO': {
      const { version, herd, from, to, nonce } = line;
      return `HELLO ${version} ${herd} ${from} ${to}${nonce === undefined ? '' : ` ${nonce}`}`;
    }
    case 'PROOF':
      return `PROOF ${line.proofs.join(' ')}`;
    case 'REFUSED':
      return `REFUSED ${line.reason}`;
    case 'DIGEST':
      return `DIGEST ${line.groupHashes}${formatHorizon(line.horizon)}`;
    case 'BUCKETS':
      return `BUCKETS ${line.group} ${line.partitionHashes}`;
    case 'SEEK':
      return `SEEK ${line.id} ${line.hops} ${line.client}`;
    case 'UNKNOWN':
      return `UNKNOWN ${line.id}`;
    case 'BEAT':
      return `BEAT ${formatInstant(line.clock)}`;
    case 'COMPARED':
    case 'CAUGHT-UP':
    case 'GOODBYE':
      return line.kind;
  }
}

/** A horizon before 1970 only a made-up receipt leads to, and a time field cannot say it. */
function formatHorizon(horizon: Instant | undefined): ByteString {
  return horizon === undefined || horizon.seconds < 0 ? '' : ` ${formatInstant(horizon)}`;
}
