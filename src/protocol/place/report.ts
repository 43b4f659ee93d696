import type { ByteString } from '../text/bytes.js';
import { asClientId, clientIdSource, type ClientId, type ServerId } from './ids.js';
import { locationFromReport, type Location, type LocationReport } from './location.js';
import { parsePosition } from './position.js';
import { formatSkew, isTooFarAhead, parseTime, type Instant } from './time.js';

/** Longest position and longest time that a client may report, in bytes: a constant of the protocol ([CM6]). */
export const maxReportFieldBytes = 64;

const clientIdPattern = new RegExp(`^${clientIdSource}$`);

/** Why a report is not valid: one sentence for each field that is wrong. */
export interface InvalidReport {
  readonly problems: readonly string[];
}

/** Returns the client ID that a text stands for; undefined if it contains white space, is empty, or is longer than `maxBytes`. */
export function parseClientId(text: ByteString, maxBytes: number): ClientId | undefined {
  return clientIdPattern.test(text) && text.length <= maxBytes ? asClientId(text) : undefined;
}

/** Whether a position and a time are short enough to be reported. */
export function areReportFieldsShort(position: ByteString, time: ByteString): boolean {
  return position.length <= maxReportFieldBytes && time.length <= maxReportFieldBytes;
}

/** Validates position and time of a report, by the rules that `parseCommand` applies to those of an IAMAT. */
export function parseReport(client: ClientId, position: ByteString, time: ByteString): LocationReport | InvalidReport {
  const instant = parseTime(time);
  const isPosition = parsePosition(position) !== undefined;
  if (isPosition && instant !== undefined && areReportFieldsShort(position, time)) {
    return { client, position, time, instant };
  }
  return {
    problems: [
      ...(isPosition ? [] : ['position must be degrees as in +34.068930-118.445127']),
      ...(instant === undefined ? ['time must be POSIX seconds as in 1400794645.392'] : []),
      ...(position.length > maxReportFieldBytes ? [`position is longer than ${maxReportFieldBytes} bytes`] : []),
      ...(time.length > maxReportFieldBytes ? [`time is longer than ${maxReportFieldBytes} bytes`] : []),
    ],
  };
}

/**
 * Returns the location that a server makes of a valid report.
 *
 * @param receivedAt the server's time
 * @returns undefined if the report's time is more than `maxFutureSkewMs` ahead of that ([TM7]): it would supersede all later
 *   reports until then
 */
export function acceptReport(
  report: LocationReport,
  receivedAt: Instant,
  server: ServerId,
  maxFutureSkewMs: number,
): Location | undefined {
  if (isTooFarAhead(report.instant, receivedAt, maxFutureSkewMs)) return undefined;
  return locationFromReport(report, server, formatSkew(receivedAt, report.instant));
}
