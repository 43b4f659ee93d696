import { fieldsOf, flatCopy, type ByteString } from '../text/bytes.js';
import { partitionCount } from '../place/digest.js';
import { asClientId, asServerId, serverIdSource, type ClientId, type ServerId } from '../place/ids.js';
import { atSource, Location } from '../place/location.js';
import { formatInstant, parseTime, type Instant } from '../place/time.js';

/** Returns the maximum length of a peer line if clients may send lines of `maxLineBytes`: an AT line adds two IDs and a skew. */
export function maxPeerLineBytes(maxLineBytes: number): number {
  return Math.max(maxLineBytes + 256, maxDigestLineBytes);
}

/** Maximum length of a DIGEST line: 256 hashes of 8 bytes in base64url, the keyword, and a time. */
const maxDigestLineBytes = 3_072;

/**
 * Version of the peer protocol; a server supports exactly one. A change of the order of locations requires a new version: servers with
 * different orders would never converge.
 */
export const peerProtocolVersion = '3';

/** The first line of each side. */
export interface HelloLine {
  readonly kind: 'HELLO';
  readonly version: string;
  readonly herd: string;
  readonly from: ServerId;
  readonly to: ServerId;
  /** The nonce of which the remote end proves its knowledge of the secret; undefined without a secret. */
  readonly nonce: string | undefined;
}

/** Proofs that a side knows the herd's secret, one for each secret that is valid for it. */
export interface ProofLine {
  readonly kind: 'PROOF';
  readonly proofs: readonly string[];
}

/** Rejects a hello or proof. The connection closes after it. */
export interface RefusedLine {
  readonly kind: 'REFUSED';
  readonly reason: string;
}

/** A location, and the server that forwards it. */
export interface PeerAtLine {
  readonly kind: 'AT';
  readonly location: Location;
  readonly forwarder: ServerId;
}

/** The partition hashes of the sender's digest: the first step of anti-entropy. */
export interface DigestLine {
  readonly kind: 'DIGEST';
  readonly partitionHashes: string;
  /** The latest time of receipt that the sender has evicted: it ignores locations received by then. Undefined if it evicted none. */
  readonly horizon: Instant | undefined;
}

/** Response to a digest for one partition that differs: the sender's leaf hashes. */
export interface LeavesLine {
  readonly kind: 'LEAVES';
  readonly partition: number;
  readonly leafHashes: string;
}

/** Looks up a client that the sender does not know. */
export interface LookupLine {
  readonly kind: 'SEEK';
  /** Identifies one lookup on all its paths. */
  readonly id: string;
  /** How often it may still be forwarded. */
  readonly hops: number;
  readonly client: ClientId;
}

/** Response to a SEEK: neither the sender nor servers behind it know the client. A server that knows it sends its AT. */
export interface UnknownLine {
  readonly kind: 'UNKNOWN';
  readonly id: string;
}

/**
 * A line of one word. COMPARED: the leaf hashes of all differing partitions have been sent. CAUGHT-UP: the locations of all differing
 * leaves have been sent. GOODBYE: the sender is shutting down.
 */
export interface SignalLine {
  readonly kind: 'COMPARED' | 'CAUGHT-UP' | 'GOODBYE';
}

/** Heartbeat with the sender's time of day. */
export interface HeartbeatLine {
  readonly kind: 'BEAT';
  readonly clock: Instant;
}

/** A line that is not valid. */
export interface InvalidPeerLine {
  readonly kind: 'invalid';
}

/** A parsed line of a peer. */
export type PeerLine =
  | HelloLine
  | ProofLine
  | RefusedLine
  | PeerAtLine
  | DigestLine
  | LeavesLine
  | LookupLine
  | UnknownLine
  | HeartbeatLine
  | SignalLine
  | InvalidPeerLine;

/** Lines between connected servers, besides locations. */
export type PeerMessage = DigestLine | LeavesLine | LookupLine | UnknownLine | HeartbeatLine | SignalLine;

const invalid: InvalidPeerLine = { kind: 'invalid' };
const integerPattern = /^\d{1,3}$/;
const peerAtPattern = new RegExp(`^${atSource} ${serverIdSource}$`);

export const comparedLine: SignalLine = { kind: 'COMPARED' };
export const caughtUpLine: SignalLine = { kind: 'CAUGHT-UP' };
export const goodbyeLine: SignalLine = { kind: 'GOODBYE' };

/** Parses one line of a peer. Never throws. */
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
      return { kind: 'DIGEST', partitionHashes: fields[1] ?? '', horizon: parseTime(fields[2] ?? '') };
    case 'LEAVES':
      return parseLeaves(fields);
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

/** Maximum proofs that are verified: at most two secrets are valid at a time, and each proof costs an HMAC. */
const maxProofs = 4;

function parsePeerAt(line: ByteString): PeerAtLine | InvalidPeerLine {
  if (!peerAtPattern.test(line)) return invalid;
  const end = line.lastIndexOf(' ');
  return {
    kind: 'AT',
    location: Location.ofLine(flatCopy(line.slice(0, end))),
    forwarder: line.slice(end + 1) as ServerId,
  };
}

/** Fields after the nonce are ignored, so that a server of a later version receives a rejection with its reason ([PE3], [PE27]). */
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

function parseLeaves([, partition, leafHashes]: readonly ByteString[]): LeavesLine | InvalidPeerLine {
  if (partition === undefined || leafHashes === undefined || !integerPattern.test(partition)) return invalid;
  if (Number(partition) >= partitionCount) return invalid;
  return { kind: 'LEAVES', partition: Number(partition), leafHashes };
}

function parseLookup([, id, hops, client, ...more]: readonly ByteString[]): LookupLine | InvalidPeerLine {
  if (id === undefined || hops === undefined || client === undefined || more.length > 0) return invalid;
  if (!integerPattern.test(hops)) return invalid;
  return { kind: 'SEEK', id, hops: Number(hops), client: asClientId(client) };
}

/** Formats the line by which a server forwards a location. */
export function formatPeerAt(location: Location, forwarder: ServerId): ByteString {
  return `${location.line} ${forwarder}`;
}

/** Formats any other peer line. */
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
      return `DIGEST ${line.partitionHashes}${formatHorizon(line.horizon)}`;
    case 'LEAVES':
      return `LEAVES ${line.partition} ${line.leafHashes}`;
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

/** Only a forged receipt leads to a horizon before 1970, which a time field cannot express. */
function formatHorizon(horizon: Instant | undefined): ByteString {
  return horizon === undefined || horizon.seconds < 0 ? '' : ` ${formatInstant(horizon)}`;
}
