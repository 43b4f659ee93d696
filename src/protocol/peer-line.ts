import { fieldsOf, type ByteString } from './bytes.js';
import { asClientId, asServerId, type ServerId } from './ids.js';
import { formatAt, type Location } from './location.js';
import { isPosition } from './position.js';
import { parseTime } from './time.js';

/** The version of the language that servers speak among themselves. Peers of another version refuse each other. */
export const peerProtocolVersion = '1';

/** The longest line between servers, where clients may send lines of `lineBytesMax`: an AT line adds names and a skew. */
export function peerLineBytesMax(lineBytesMax: number): number {
  return lineBytesMax + 256;
}

/** The first line of each side: who speaks, to whom, in which herd, and in which version. */
export interface Hello {
  readonly kind: 'HELLO';
  readonly version: string;
  readonly herd: string;
  readonly from: ServerId;
  readonly to: ServerId;
}

/** The answer to a hello that is not welcome, and why. The connection ends after it. */
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

/** Everything that the sender knew when the link came up has been sent. */
export interface CaughtUp {
  readonly kind: 'CAUGHT-UP';
}

/** Not a line that a server sends. */
export interface NotAPeerLine {
  readonly kind: 'invalid';
}

/** What a neighbour's line says. */
export type PeerLine = Hello | Refused | PeerAt | CaughtUp | NotAPeerLine;

const invalid: NotAPeerLine = { kind: 'invalid' };
const caughtUp: CaughtUp = { kind: 'CAUGHT-UP' };
const skewPattern = /^[+-]\d{1,15}\.\d{9}$/;
const REFUSED = 'REFUSED ';

/** Reads one line of a neighbour. Never throws. */
export function parsePeerLine(line: ByteString): PeerLine {
  if (line.startsWith('AT ')) return parsePeerAt(line);
  if (line.startsWith('HELLO ')) return parseHello(line);
  if (line.startsWith(REFUSED)) return { kind: 'REFUSED', reason: line.slice(REFUSED.length) };
  return line === caughtUp.kind ? caughtUp : invalid;
}

function parsePeerAt(line: ByteString): PeerAt | NotAPeerLine {
  const [, first, skew, client, position, time, last, ...more] = fieldsOf(line);
  if (first === undefined || skew === undefined || client === undefined || more.length > 0) return invalid;
  if (position === undefined || time === undefined || last === undefined) return invalid;
  const server = asServerId(first);
  const forwarder = asServerId(last);
  const instant = parseTime(time);
  if (server === undefined || forwarder === undefined || instant === undefined) return invalid;
  if (!skewPattern.test(skew) || !isPosition(position)) return invalid;
  return { kind: 'AT', forwarder, location: { client: asClientId(client), position, time, instant, server, skew } };
}

function parseHello(line: ByteString): Hello | NotAPeerLine {
  const [, version, herd, first, second] = fieldsOf(line);
  if (version === undefined || herd === undefined || first === undefined || second === undefined) return invalid;
  const from = asServerId(first);
  const to = asServerId(second);
  if (from === undefined || to === undefined) return invalid;
  // Further fields are for versions to come: they are read only after the version is known to be ours.
  return { kind: 'HELLO', version, herd, from, to };
}

/** The line by which a server passes a location on. */
export function formatPeerAt(location: Location, forwarder: ServerId): ByteString {
  return `${formatAt(location)} ${forwarder}`;
}

/** The first line of a side. */
export function formatHello(hello: Omit<Hello, 'kind'>): ByteString {
  return `HELLO ${hello.version} ${hello.herd} ${hello.from} ${hello.to}`;
}

/** The line that refuses a hello. */
export function formatRefused(reason: string): ByteString {
  return `${REFUSED}${reason}`;
}

/** The line that ends the catch-up of a link. */
export function formatCaughtUp(): ByteString {
  return caughtUp.kind;
}
