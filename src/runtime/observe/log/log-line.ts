import type { HerdEvent, LinesEvent } from '../../../actors/bus/events.js';
import { waitInWords } from '../../../actors/upstream/format-duration.js';
import { bytesOf, type ByteString } from '../../../protocol/text/bytes.js';
import { stackOf } from '../../errors.js';
import type { LogLevel } from './log-settings.js';
import { visible, visibleJoined } from './visible.js';

/** The line of the log that tells of an event, without time and line end; undefined if none does: for lines see below. */
export function logLineOf(event: HerdEvent): { level: LogLevel; text: ByteString } | undefined {
  switch (event.kind) {
    case 'lines':
    case 'locations-learned':
    case 'location-forgotten':
    case 'location-fetched':
    case 'conflated':
    case 'watchers':
    case 'watch-conflated':
    case 'client-evicted':
    case 'upstream-request':
    case 'upstream-question':
      // Lines have lines of their own, and so has what brought a location; that a full store forgets is no news, nor that a slow neighbour or client is told less. Requests that went wrong have an event of their own.
      return undefined;
    case 'locations-remembered': {
      const { length } = event.locations;
      return length === 0 ? undefined : info(`remembered ${length} locations from the disk`);
    }
    case 'client-connected':
      return info(`client ${event.far} connected over ${event.transport}; clients now: ${event.clients}`);
    case 'client-disconnected':
      return info(`client ${event.far} left: ${plain(event.reason)}; clients now: ${event.clients}`);
    case 'client-refused': {
      const { count = 1 } = event;
      const others = count === 1 ? '' : ` and ${count - 1} more`;
      return {
        level: 'warn',
        text: `client ${event.far}${others} refused: ${plain(event.reason)}; clients now: ${event.clients}`,
      };
    }
    case 'link':
      return linkLine(event);
    case 'neighbour-clock':
      return clockLine(event);
    case 'clock':
      return event.state === 'agrees'
        ? info('the clock agrees with those of most neighbours again')
        : {
            level: 'warn',
            text: `${event.reason}: the server is not ready, and takes no report without a time of its own`,
          };
    case 'http-asked':
      return { level: 'lines', text: `http ${event.far} in ${visible(event.text)}` };
    case 'http-answered':
      // A status of 500 says that something of ours is broken.
      return { level: event.status === 500 ? 'error' : 'lines', text: answeredLine(event) };
    case 'server':
      if (event.state === 'failed') return { level: 'error', text: `server failed: ${plain(event.reason)}` };
      return info(`server ${event.state}`);
    case 'dead-letter':
      return info(`dead letter ${event.count}: ${event.messageKind} to ${event.address}`);
    case 'actor-failed':
      return { level: 'error', text: `${event.address} failed (${event.directive}): ${plain(stackOf(event.error))}` };
    case 'peer-refused':
      return { level: 'warn', text: `peer ${event.far} refused: ${plain(event.reason)}` };
    case 'upstream-failed':
      return { level: 'warn', text: `upstream gave no answer: ${plain(event.reason)}` };
    case 'upstream':
      return upstreamLine(event);
    case 'upstream-budget': {
      const when = event.waitMs === Infinity ? '' : `; there is more in ${waitInWords(event.waitMs)}`;
      return { level: 'warn', text: `upstream budget is spent: ${event.limit}${when}` };
    }
    case 'administration': {
      const { act, far, outcome, reason } = event;
      const why = outcome === 'asked' ? '' : `, refused: ${reason}`;
      return {
        level: 'warn',
        text: `administration: ${far} asks for ${plain(act === '' ? 'something' : act)}${plain(why)}`,
      };
    }
    case 'bucket':
      return bucketLine(event);
    case 'bucket-warning':
      return { level: 'warn', text: `bucket: ${plain(event.reason)}` };
    case 'warning':
      return { level: 'warn', text: plain(event.reason) };
  }
}

/**
 * The lines of the log that tell of lines in or out, as one text without its last line end. They are most of the log by far,
 * and are put together at once.
 *
 * @param stamp the time, which stands first in each
 */
export function logTextOf({ party, far, direction, lines }: LinesEvent, stamp: string): ByteString {
  const start = `${stamp} ${party} ${far} ${direction} `;
  return start + visibleJoined(lines, `\n${start}`);
}

function linkLine({ neighbour, state, reason, retryInMs, expected }: Extract<HerdEvent, { kind: 'link' }>): {
  level: LogLevel;
  text: ByteString;
} {
  const why = reason === '' ? '' : `: ${plain(reason)}`;
  if (state !== 'backoff') return info(`link ${neighbour} ${state}${why}`);
  // That a server which was told to stop is away is no error.
  const level = expected === true ? 'info' : 'warn';
  return { level, text: `link ${neighbour} backoff${why}; next attempt in ${retryInMs} ms` };
}

function clockLine({
  neighbour,
  offsetMs,
  warning,
}: Extract<HerdEvent, { kind: 'neighbour-clock' }>): { level: LogLevel; text: ByteString } | undefined {
  if (warning === 'none') return undefined;
  if (warning === 'ends') return info(`the clock of ${neighbour} agrees with the own one again`);
  const way = offsetMs > 0 ? 'ahead of' : 'behind';
  return {
    level: 'warn',
    text: `the clock of ${neighbour} is ${(Math.abs(offsetMs) / 1_000).toFixed(3)} s ${way} the own one`,
  };
}

function answeredLine({
  far,
  text,
  status,
  outcome,
  detail,
}: Extract<HerdEvent, { kind: 'http-answered' }>): ByteString {
  const parts = ['http', far, 'out', text, ...(status === undefined ? [] : [String(status)]), outcome];
  return visible(parts.join(' ') + (detail === '' ? '' : `: ${detail}`));
}

function upstreamLine({ state, reason, retryInMs }: Extract<HerdEvent, { kind: 'upstream' }>): {
  level: LogLevel;
  text: ByteString;
} {
  if (state !== 'tripped') return info(`upstream ${state}`);
  return {
    level: 'warn',
    text: `upstream tripped: ${plain(reason.replace(/\.$/, ''))}; next attempt in ${retryInMs} ms`,
  };
}

function bucketLine({ state, reason, retryInMs, waiting }: Extract<HerdEvent, { kind: 'bucket' }>): {
  level: LogLevel;
  text: ByteString;
} {
  const rest = waiting === 0 ? '' : `; clients whose location has yet to be written: ${waiting}`;
  if (state !== 'away' && state !== 'blocked') return info(`bucket ${state}${rest}`);
  return { level: 'warn', text: `bucket ${state}: ${plain(reason)}; next attempt in ${retryInMs} ms${rest}` };
}

function info(text: ByteString): { level: LogLevel; text: ByteString } {
  return { level: 'info', text };
}

function plain(text: string): ByteString {
  return visible(bytesOf(text));
}
