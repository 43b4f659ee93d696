import type { HerdEvent } from '../../../actors/bus/events.js';
import { formatDuration } from '../../../actors/upstream/format-duration.js';
import { bytesOf, type ByteString } from '../../../protocol/text/bytes.js';
import { stackOrMessage } from '../../errors.js';
import type { LogLevel } from './log-settings.js';
import { sanitize } from './sanitize.js';

/** Formats an event as a line of the log, without time and line end. Returns undefined for events that have no line of their own. */
export function formatEvent(event: HerdEvent): { level: LogLevel; text: ByteString } | undefined {
  switch (event.kind) {
    case 'lines':
    case 'locations-learned':
    case 'location-evicted':
    case 'conflated':
    case 'subscribers':
    case 'subscription-conflated':
    case 'connection-evicted':
    case 'upstream-attempt':
    case 'upstream-request':
    case 'partition':
    case 'partition-page':
    case 'remote-lookup':
      // Frequent events, visible in the metrics. `lines` are logged by `appendLines`, and failed requests have another event.
      return undefined;
    case 'locations-restored': {
      const { length } = event.locations;
      return length === 0 ? undefined : info(`restored ${length} ${length === 1 ? 'location' : 'locations'} from disk`);
    }
    case 'client-connected':
      return info(`client ${event.remoteAddress} connected over ${event.transport}; clients now: ${event.clients}`);
    case 'client-disconnected':
      return info(
        `client ${event.remoteAddress} disconnected: ${printable(event.reason)}; clients now: ${event.clients}`,
      );
    case 'client-rejected': {
      const { count = 1 } = event;
      const others = count === 1 ? '' : ` and ${count - 1} more`;
      return {
        level: 'warn',
        text: `client ${event.remoteAddress}${others} rejected: ${printable(event.reason)}; clients now: ${event.clients}`,
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
            text: `${event.reason}: the server is not ready and rejects reports without a time`,
          };
    case 'http-request':
      return { level: 'lines', text: `http ${event.remoteAddress} in ${sanitize(event.text)}` };
    case 'http-response':
      // Status 500 means a bug.
      return { level: event.status === 500 ? 'error' : 'lines', text: responseLine(event) };
    case 'server':
      if (event.state === 'failed') return { level: 'error', text: `server failed: ${printable(event.reason)}` };
      return info(`server ${event.state}`);
    case 'dead-letter':
      return info(`dead letter ${event.count}: ${event.messageKind} to ${event.address}`);
    case 'actor-failed':
      return {
        level: 'error',
        text: `${event.address} failed (${event.directive}): ${printable(stackOrMessage(event.error))}`,
      };
    case 'peer-rejected':
      return { level: 'warn', text: `peer ${event.remoteAddress} rejected: ${printable(event.reason)}` };
    case 'upstream-failed':
      return { level: 'warn', text: `upstream request failed: ${printable(event.reason)}` };
    case 'upstream-breaker':
      return breakerLine(event);
    case 'upstream-budget': {
      const reset = event.waitMs === Infinity ? '' : `; resets in ${formatDuration(event.waitMs)}`;
      return { level: 'warn', text: `upstream budget exhausted: ${event.limit}${reset}` };
    }
    case 'admin-action': {
      const { action, remoteAddress, outcome, reason } = event;
      const parts = [...(action === '' ? [] : [action]), ...(outcome === 'accepted' ? [] : [`rejected: ${reason}`])];
      return { level: 'warn', text: `admin ${remoteAddress}: ${printable(parts.join(', '))}` };
    }
    case 'nats':
      return natsLine(event);
    case 'members':
      return info(`members: ${event.members.join(', ')}`);
    case 'partitions': {
      const { complete, filling, leaving, short } = event;
      return info(
        `partitions: ${complete} complete, ${filling} filling, ${leaving} leaving, ${short} short of replicas`,
      );
    }
    case 'warning':
      return { level: 'warn', text: printable(event.about === 'nats' ? `NATS: ${event.reason}` : event.reason) };
  }
}

function linkLine({ neighbour, state, reason, retryInMs, expected }: Extract<HerdEvent, { kind: 'link' }>): {
  level: LogLevel;
  text: ByteString;
} {
  const reasonText = reason === '' ? '' : `: ${printable(reason)}`;
  if (state !== 'backoff') return info(`link ${neighbour} ${state}${reasonText}`);
  // A neighbour that announced its shutdown is no problem.
  const level = expected === true ? 'info' : 'warn';
  return { level, text: `link ${neighbour} backoff${reasonText}; next attempt in ${retryInMs} ms` };
}

function clockLine({
  neighbour,
  offsetMs,
  warning,
}: Extract<HerdEvent, { kind: 'neighbour-clock' }>): { level: LogLevel; text: ByteString } | undefined {
  if (warning === 'none') return undefined;
  if (warning === 'ends') return info(`the clock of ${neighbour} agrees with this server's again`);
  const direction = offsetMs > 0 ? 'ahead of' : 'behind';
  return {
    level: 'warn',
    text: `the clock of ${neighbour} is ${(Math.abs(offsetMs) / 1_000).toFixed(3)} s ${direction} this server's`,
  };
}

function responseLine({
  remoteAddress,
  text,
  status,
  outcome,
  detail,
}: Extract<HerdEvent, { kind: 'http-response' }>): ByteString {
  const parts = ['http', remoteAddress, 'out', text, ...(status === undefined ? [] : [String(status)]), outcome];
  return sanitize(parts.join(' ') + (detail === '' ? '' : `: ${detail}`));
}

function breakerLine({ state, reason, retryInMs }: Extract<HerdEvent, { kind: 'upstream-breaker' }>): {
  level: LogLevel;
  text: ByteString;
} {
  if (state !== 'open') return info(`upstream breaker ${state}`);
  return {
    level: 'warn',
    text: `upstream breaker open: ${printable(reason.replace(/\.$/, ''))}; next attempt in ${retryInMs} ms`,
  };
}

function natsLine({ state, reason, retryInMs }: Extract<HerdEvent, { kind: 'nats' }>): {
  level: LogLevel;
  text: ByteString;
} {
  const reasonText = reason === '' ? '' : `: ${printable(reason)}`;
  if (state !== 'backoff') return info(`NATS ${state}${reasonText}`);
  return { level: 'warn', text: `NATS backoff${reasonText}; next attempt in ${retryInMs} ms` };
}

function info(text: ByteString): { level: LogLevel; text: ByteString } {
  return { level: 'info', text };
}

function printable(text: string): ByteString {
  return sanitize(bytesOf(text));
}
