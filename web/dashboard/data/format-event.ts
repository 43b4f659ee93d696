import type { ServerStreamEvent } from './feed.js';
import { broker, nodeLabel } from './herd.js';
import type { ClientLocation } from './locations.js';
import { formatCount, formatDuration } from './format.js';

type Data = Readonly<Record<string, unknown>>;

/** Event kinds by filter group. */
export const groups: Readonly<Record<string, readonly string[]>> = {
  Links: ['link', 'peer-rejected', 'nats', 'members', 'partitions'],
  Locations: ['learned', 'restored', 'evicted', 'dropped'],
  Clients: ['client'],
  Servers: ['server', 'actor-failed', 'dead-letter', 'admin-action'],
  Upstream: ['upstream-breaker', 'upstream-failed', 'upstream-budget'],
};

const partitionStates = ['complete', 'filling', 'leaving', 'short'] as const;

export function groupOf(kind: string): string {
  return Object.keys(groups).find((group) => groups[group]?.includes(kind)) ?? 'Servers';
}

/** Describes an event without the name of its server. */
export function formatEvent({ kind, data }: ServerStreamEvent): string {
  switch (kind) {
    case 'link':
      return joinParts(
        `link to ${textField(data, 'neighbour')} is ${textField(data, 'state')}`,
        formatRetry(data),
        textField(data, 'reason'),
      );
    case 'nats':
      return joinParts(
        `${nodeLabel(broker)} is ${textField(data, 'state')}`,
        formatRetry(data),
        textField(data, 'reason'),
      );
    case 'members':
      return `members: ${(data['members'] as readonly string[]).join(', ')}`;
    case 'partitions':
      return `partitions: ${joinParts(...partitionStates.map((state) => `${textField(data, state)} ${state}`))}`;
    case 'learned':
      return formatLearned(data);
    case 'client':
      return joinParts(
        `client ${textField(data, 'remoteAddress')} ${textField(data, 'change')}`,
        textField(data, 'transport'),
        textField(data, 'reason'),
      );
    case 'server':
      return joinParts(`is ${textField(data, 'state')}`, textField(data, 'reason'));
    case 'upstream-breaker':
      return joinParts(`upstream is ${textField(data, 'state')}`, formatRetry(data), textField(data, 'reason'));
    case 'upstream-failed':
      return joinParts('upstream request failed', textField(data, 'reason'));
    case 'warning':
      return `${data['about'] === 'nats' ? `${nodeLabel(broker)}: ` : ''}${textField(data, 'reason')}`;
    case 'admin-action':
      return joinParts(`admin ${textField(data, 'remoteAddress')}: ${textField(data, 'action')}`, formatOutcome(data));
    case 'dropped':
      return `${formatCount(Number(data['count'] ?? 0), 'event')} dropped: this page reads too slowly`;
    default:
      return joinParts(kind.replaceAll('-', ' '), ...Object.values(data).map(toText));
  }
}

function formatLearned(data: Data): string {
  const locations = data['locations'] as readonly ClientLocation[];
  const from = data['from'] === null ? 'clients' : nodeLabel(toText(data['from']));
  const [first] = locations;
  const count = Number(data['count'] ?? locations.length);
  return `learned ${count === 1 ? (first?.client ?? '') : formatCount(count, 'location')} from ${from}`;
}

function formatRetry(data: Data): string {
  const ms = Number(data['retryInMs'] ?? 0);
  return ms > 0 ? `retry in ${formatDuration(ms)}` : '';
}

function formatOutcome(data: Data): string {
  return data['outcome'] === 'rejected' ? `rejected: ${textField(data, 'reason')}` : '';
}

function textField(data: Data, name: string): string {
  return toText(data[name]);
}

function toText(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function joinParts(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(', ');
}
