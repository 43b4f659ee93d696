import { fieldsOf, type ByteString } from '../text/bytes.js';
import { groupCount } from '../place/digest.js';
import { asClientId, asServerId, serverIdSource, type ClientId, type ServerId } from '../place/ids.js';
import { atSource, Location } from '../place/location.js';
import { formatInstant, parseTime, type Instant } from '../place/time.js';

/** The longest line between servers, where clients may send lines of `lineBytesMax`: an AT line adds names and a skew. */
export function peerLineBytesMax(lineBytesMax: number): number {
  return Math.max(lineBytesMax + 256, digestLineBytesMax);
}

/** Room for the line of a digest: 256 hashes of 8 bytes in base64url, its name, and a moment. */
const digestLineBytesMax = 3_072;

/**
 * The version of the protocol between servers; each has exactly one. A change of the order of locations is a new one: servers with
 * another order would never agree.
 */
export const peerVersion = '3';

/** The first line of each side: who speaks, to whom, in which herd, and in which version. */
export interface Hello {
  readonly kind: 'HELLO';
  readonly version: string;
  readonly herd: string;
  readonly from: ServerId;
  readonly to: ServerId;
  /** What the far end must prove its knowledge of the secret over; undefined without a secret. */
  readonly nonce: string | undefined;
}

/** The proof that a side knows the herd's secret, under each secret that it holds valid. */
export interface Proof {
  readonly kind: 'PROOF';
  readonly proofs: readonly string[];
}

/** The answer to a hello or proof that is not welcome, and why. The connection ends after it. */
export interface Refused {
  readonly kind: 'REFUSED';
  readonly reason: string;
}

/** A location, and the server that passes it on. */
export interface PeerAt {
  readonly kind: 'AT';
  readonly location: Location;
  readonly forwarder: ServerId;
}

/** The hashes of the sender's groups of buckets: the first step of anti-entropy. */
export interface DigestLine {
  readonly kind: 'DIGEST';
  readonly groups: string;
  /** The latest time of receipt that the sender has evicted: it takes nothing received by then. Undefined: it had room. */
  readonly horizon: Instant | undefined;
}

/** The answer to a digest, once for each group that differs: the hashes of the sender's buckets in it. */
export interface BucketsLine {
  readonly kind: 'BUCKETS';
  readonly group: number;
  readonly buckets: string;
}

/** Asks where a client is that the sender does not know. */
export interface SeekLine {
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
export interface WordLine {
  readonly kind: 'COMPARED' | 'CAUGHT-UP' | 'GOODBYE';
}

/** A heartbeat: the sender is alive, and this is its time of day. */
export interface BeatLine {
  readonly kind: 'BEAT';
  readonly clock: Instant;
}

/** Not a line that a server sends. */
export interface NotAPeerLine {
  readonly kind: 'invalid';
}

/** What a neighbour's line says. */
export type PeerLine =
  | Hello
  | Proof
  | Refused
  | PeerAt
  | DigestLine
  | BucketsLine
  | SeekLine
  | UnknownLine
  | BeatLine
  | WordLine
  | NotAPeerLine;

/** What connected servers tell each other besides locations. */
export type PeerNews = DigestLine | BucketsLine | SeekLine | UnknownLine | BeatLine | WordLine;

const invalid: NotAPeerLine = { kind: 'invalid' };
const wholePattern = /^\d{1,3}$/;
const peerAtPattern = new RegExp(`^${atSource} ${serverIdSource}$`);

/** The words that are lines of their own. */
export const compared: WordLine = { kind: 'COMPARED' };
export const caughtUp: WordLine = { kind: 'CAUGHT-UP' };
export const goodbye: WordLine = { kind: 'GOODBYE' };

/** Reads one line of a neighbour. Never throws. */
export function parsePeerLine(line: ByteString): PeerLine {
  // By far the most frequent.
  if (line.startsWith('AT ')) return parsePeerAt(line);
  const fields = fieldsOf(line);
  switch (fields[0] ?? '') {
    case 'BEAT':
      return parseBeat(fields);
    case 'COMPARED':
      return compared;
    case 'CAUGHT-UP':
      return caughtUp;
    case 'GOODBYE':
      return goodbye;
    case 'DIGEST':
      return { kind: 'DIGEST', groups: fields[1] ?? '', horizon: parseTime(fields[2] ?? '') };
    case 'BUCKETS':
      return parseBuckets(fields);
    case 'SEEK':
      return parseSeek(fields);
    case 'UNKNOWN':
      return { kind: 'UNKNOWN', id: fields[1] ?? '' };
    case 'HELLO':
      return parseHello(fields);
    case 'PROOF':
      return { kind: 'PROOF', proofs: fields.slice(1, 1 + proofsMax) };
    case 'REFUSED':
      return { kind: 'REFUSED', reason: fields.slice(1).join(' ') };
    default:
      return invalid;
  }
}

/** Proofs that are looked at: there are at most two secrets at a time, and each proof costs an HMAC. */
const proofsMax = 4;

function parsePeerAt(line: ByteString): PeerAt | NotAPeerLine {
  if (!peerAtPattern.test(line)) return invalid;
  const end = line.lastIndexOf(' ');
  return { kind: 'AT', location: Location.in(line, end), forwarder: line.slice(end + 1) as ServerId };
}

/** Fields behind the nonce are ignored, so that a server of a later version is told why it is refused ([PE3], [PE27]). */
function parseHello([, version, herd, first, second, nonce]: readonly ByteString[]): Hello | NotAPeerLine {
  if (version === undefined || herd === undefined || first === undefined || second === undefined) return invalid;
  const from = asServerId(first);
  const to = asServerId(second);
  if (from === undefined || to === undefined) return invalid;
  return { kind: 'HELLO', version, herd, from, to, nonce };
}

function parseBeat([, time, ...more]: readonly ByteString[]): BeatLine | NotAPeerLine {
  const clock = time === undefined || more.length > 0 ? undefined : parseTime(time);
  return clock === undefined ? invalid : { kind: 'BEAT', clock };
}

function parseBuckets([, group, buckets]: readonly ByteString[]): BucketsLine | NotAPeerLine {
  if (group === undefined || buckets === undefined || !wholePattern.test(group)) return invalid;
  if (Number(group) >= groupCount) return invalid;
  return { kind: 'BUCKETS', group: Number(group), buckets };
}

function parseSeek([, id, hops, client, ...more]: readonly ByteString[]): SeekLine | NotAPeerLine {
  if (id === undefined || hops === undefined || client === undefined || more.length > 0) return invalid;
  if (!wholePattern.test(hops)) return invalid;
  return { kind: 'SEEK', id, hops: Number(hops), client: asClientId(client) };
}

/** The line by which a server passes a location on. */
export function formatPeerAt(location: Location, forwarder: ServerId): ByteString {
  return `${location.line} ${forwarder}`;
}

/** Any other line that a server sends. */
export function formatPeerLine(line: Exclude<PeerLine, PeerAt | NotAPeerLine>): ByteString {
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
      return `DIGEST ${line.groups}${formatHorizon(line.horizon)}`;
    case 'BUCKETS':
      return `BUCKETS ${line.group} ${line.buckets}`;
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
