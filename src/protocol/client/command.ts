import { fieldsOf, flatCopy, type ByteString } from '../text/bytes.js';
import { asClientId, clientIdSource, type ClientId } from '../place/ids.js';
import type { LocationReport } from '../place/location.js';
import { positionSource } from '../place/position.js';
import { areReportFieldsShort } from '../place/report.js';
import { instantFromDigits, timeSource } from '../place/time.js';

/** A client says where it is. */
export interface Iamat extends LocationReport {
  readonly kind: 'IAMAT';
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

/** A client wants to be told of each change of where another is, or everybody. */
export interface Watch {
  readonly kind: 'WATCH';
  /** `allClients` for all. */
  readonly client: ClientId;
}

/** A client wants to be told no more. */
export interface Unwatch {
  readonly kind: 'UNWATCH';
  /** What it no longer watches; undefined for everything. */
  readonly client: ClientId | undefined;
}

/** Anything else. */
export interface InvalidCommand {
  readonly kind: 'invalid';
}

/** What a client's line asks for. */
export type Command = Iamat | Whatsat | Watch | Unwatch | InvalidCommand;

/** What stands for all clients in a WATCH. */
export const allClients = asClientId('*');

/** What a command's fields are held to, besides their form. */
export interface CommandBounds {
  /** The most results that a WHATSAT may ask for. */
  readonly maxCount: number;
  /** The largest radius of a WHATSAT, in kilometres; Infinity where a larger one is clamped. */
  readonly maxRadiusKm: number;
  /** The longest client ID, in bytes. */
  readonly maxClientIdBytes: number;
}

const invalid: InvalidCommand = { kind: 'invalid' };
const decimalPattern = /^\d+(?:\.\d+)?$/;
const integerPattern = /^\d+$/;

/** One scan for the most frequent command by far; white space is as in `fieldsOf`. */
const iamatPattern = new RegExp(
  `^[\\t-\\r ]*IAMAT[\\t-\\r ]+(${clientIdSource})[\\t-\\r ]+(${positionSource})[\\t-\\r ]+(${timeSource})[\\t-\\r ]*$`,
);

/** Reads one line of a client. Never throws: what is no command is `invalid`. */
export function parseCommand(line: ByteString, bounds: CommandBounds): Command {
  const iamat = iamatPattern.exec(line);
  if (iamat !== null) {
    const [, client = '', position = '', time = '', seconds = '', fraction] = iamat;
    if (client.length > bounds.maxClientIdBytes) return invalid;
    if (!areReportFieldsShort(position, time)) return invalid;
    return { kind: 'IAMAT', client: asClientId(client), position, time, instant: instantFromDigits(seconds, fraction) };
  }
  const [name, ...fields] = fieldsOf(line);
  // The client is the first field of every command.
  if (fields[0] !== undefined && fields[0].length > bounds.maxClientIdBytes) return invalid;
  switch (name) {
    case 'WHATSAT':
      return parseWhatsat(fields, bounds);
    case 'WATCH':
      return parseWatch(fields);
    case 'UNWATCH':
      return parseUnwatch(fields);
    default:
      return invalid;
  }
}

function parseWhatsat(
  [client, radiusField, countField, ...extraFields]: readonly ByteString[],
  { maxCount, maxRadiusKm }: CommandBounds,
): Whatsat | InvalidCommand {
  if (client === undefined || radiusField === undefined || countField === undefined || extraFields.length > 0)
    return invalid;
  if (!decimalPattern.test(radiusField) || !integerPattern.test(countField)) return invalid;
  const radiusKm = Number(radiusField);
  const count = Number(countField);
  if (!Number.isFinite(radiusKm) || radiusKm > maxRadiusKm || count > maxCount) return invalid;
  return { kind: 'WHATSAT', client: asClientId(client), radiusKm, count };
}

function parseWatch([client, ...extraFields]: readonly ByteString[]): Watch | InvalidCommand {
  if (client === undefined || extraFields.length > 0) return invalid;
  // It is kept for as long as it is watched: a slice would keep the chunk that it came in.
  return { kind: 'WATCH', client: asClientId(flatCopy(client)) };
}

function parseUnwatch([client, ...extraFields]: readonly ByteString[]): Unwatch | InvalidCommand {
  if (extraFields.length > 0) return invalid;
  return { kind: 'UNWATCH', client: client === undefined ? undefined : asClientId(client) };
}

/** The answer to a WATCH. */
export function formatWatching(client: ClientId): ByteString {
  return `WATCHING ${client}`;
}

/** What a client that watches is sent now and then once it has closed its sending side. */
export const watchKeepAlive: ByteString = 'WATCHING';

/** The answer to an UNWATCH: of one client or of everything. */
export function formatUnwatched(client: ClientId | undefined): ByteString {
  return client === undefined ? 'UNWATCHED' : `UNWATCHED ${client}`;
}

/** The answer to a line that is no command, or asks for a client that nobody knows: a mark and a copy of the line. */
export function formatInvalid(line: ByteString): ByteString {
  return `? ${line}`;
}
