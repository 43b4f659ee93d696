import { fieldsOf, type ByteString } from './bytes.js';
import { asClientId, type ClientId } from './ids.js';
import { isPosition } from './position.js';
import { parseTime, type Instant } from './time.js';

/** A client says where it is. Fields as the client wrote them, and the moment that its time stands for. */
export interface Iamat {
  readonly kind: 'IAMAT';
  readonly client: ClientId;
  readonly position: ByteString;
  readonly time: ByteString;
  readonly instant: Instant;
}

/** A client asks what is near another. */
export interface Whatsat {
  readonly kind: 'WHATSAT';
  readonly client: ClientId;
  /** Kilometres, finite, 0 or more. */
  readonly radiusKm: number;
  /** A whole number, 0 to the upstream's maximum. */
  readonly count: number;
}

/** Anything else. */
export interface Invalid {
  readonly kind: 'invalid';
}

/** What a client's line asks for. */
export type Command = Iamat | Whatsat | Invalid;

const invalid: Invalid = { kind: 'invalid' };
const decimalPattern = /^\d+(?:\.\d+)?$/;
const wholePattern = /^\d+$/;

/** Reads one line of a client. Never throws: what is no command is `invalid`. */
export function parseCommand(line: ByteString, countMax: number): Command {
  const fields = fieldsOf(line);
  const [name, client, third, fourth] = fields;
  if (fields.length !== 4 || client === undefined || third === undefined || fourth === undefined) return invalid;
  if (name === 'IAMAT') return parseIamat(asClientId(client), third, fourth);
  if (name === 'WHATSAT') return parseWhatsat(asClientId(client), third, fourth, countMax);
  return invalid;
}

function parseIamat(client: ClientId, position: ByteString, time: ByteString): Iamat | Invalid {
  const instant = parseTime(time);
  if (instant === undefined || !isPosition(position)) return invalid;
  return { kind: 'IAMAT', client, position, time, instant };
}

function parseWhatsat(client: ClientId, radius: ByteString, howMany: ByteString, countMax: number): Whatsat | Invalid {
  if (!decimalPattern.test(radius) || !wholePattern.test(howMany)) return invalid;
  const radiusKm = Number(radius);
  const count = Number(howMany);
  if (!Number.isFinite(radiusKm) || count > countMax) return invalid;
  return { kind: 'WHATSAT', client, radiusKm, count };
}

/** The answer to a line that is no command, or asks for a client that nobody knows: a mark and a copy of the line. */
export function formatInvalid(line: ByteString): ByteString {
  return `? ${line}`;
}
