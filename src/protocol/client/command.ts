import { fieldsOf, flatCopy, type ByteString } from '../text/bytes.js';
import { asClientId, clientIdSource, type ClientId } from '../place/ids.js';
import type { LocationReport } from '../place/location.js';
import { positionSource } from '../place/position.js';
import { areReportFieldsShort } from '../place/report.js';
import { instantFromDigits, timeSource } from '../place/time.js';

/** Reports the position of a client. */
export interface Iamat extends LocationReport {
  readonly kind: 'IAMAT';
}

/** Queries what is near a client. */
export interface Whatsat {
  readonly kind: 'WHATSAT';
  readonly client: ClientId;
  /** Kilometres, finite, 0 or more. */
  readonly radiusKm: number;
  /** A whole number, 0 to the upstream's maximum. */
  readonly count: number;
}

/** Subscribes to the changes of one client, or of all clients. */
export interface Watch {
  readonly kind: 'WATCH';
  /** `allClients` for all. */
  readonly client: ClientId;
}

/** Ends one subscription, or all of them. */
export interface Unwatch {
  readonly kind: 'UNWATCH';
  /** Undefined for all subscriptions. */
  readonly client: ClientId | undefined;
}

/** A line that is not a valid command. */
export interface InvalidCommand {
  readonly kind: 'invalid';
}

/** The command in a client's line. */
export type Command = Iamat | Whatsat | Watch | Unwatch | InvalidCommand;

/** The client ID that stands for all clients in a WATCH. */
export const allClients = asClientId('*');

/** Limits of the fields of a command. */
export interface CommandBounds {
  /** Maximum results of a WHATSAT. */
  readonly maxCount: number;
  /** Maximum radius of a WHATSAT in kilometres; Infinity if larger ones are clamped. */
  readonly maxRadiusKm: number;
  /** Maximum length of a client ID in bytes. */
  readonly maxClientIdBytes: number;
}

const invalid: InvalidCommand = { kind: 'invalid' };
const decimalPattern = /^\d+(?:\.\d+)?$/;
const integerPattern = /^\d+$/;

/** Matches the by far most frequent command in one scan; white space is as in `fieldsOf`. */
const iamatPattern = new RegExp(
  `^[\\t-\\r ]*IAMAT[\\t-\\r ]+(${clientIdSource})[\\t-\\r ]+(${positionSource})[\\t-\\r ]+(${timeSource})[\\t-\\r ]*$`,
);

/** Parses one line of a client. Never throws. */
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
  // It is stored as long as the subscription lasts: a slice would keep the whole chunk in memory.
  return { kind: 'WATCH', client: asClientId(flatCopy(client)) };
}

function parseUnwatch([client, ...extraFields]: readonly ByteString[]): Unwatch | InvalidCommand {
  if (extraFields.length > 0) return invalid;
  return { kind: 'UNWATCH', client: client === undefined ? undefined : asClientId(client) };
}

/** Formats the response to a WATCH. */
export function formatWatching(client: ClientId): ByteString {
  return `WATCHING ${client}`;
}

/** Keep-alive line, sent to a subscriber that has closed its sending side. */
export const watchKeepAlive: ByteString = 'WATCHING';

/** Formats the response to an UNWATCH of one client or of all. */
export function formatUnwatched(client: ClientId | undefined): ByteString {
  return client === undefined ? 'UNWATCHED' : `UNWATCHED ${client}`;
}

/** Formats the response to an invalid command, or to a query for an unknown client: a question mark and a copy of the line. */
export function formatInvalid(line: ByteString): ByteString {
  return `? ${line}`;
}
