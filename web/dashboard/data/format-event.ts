import type { Happening } from './feed.js';
import { engine, nodeName } from './herd.js';
import type { Told } from './locations.js';
import { counted, span } from './format.js';

type Data = Readonly<Record<string, unknown>>;

/** Groups of events that a reader may leave out, with the names that the servers give them. */
export const groups: Readonly<Record<string, readonly string[]>> = {
  Links: ['link', 'peer-refused', 'bucket', 'bucket-warning'],
  Locations: ['learned', 'remembered', 'fetched', 'forgotten', 'lost'],
  Clients: ['client'],
  Servers: ['server', 'actor-failed', 'dead-letter', 'administration'],
  Upstream: ['upstream', 'upstream-failed', 'upstream-budget'],
};

export function groupOf(kind: string): string {
  return Object.keys(groups).find((group) => groups[group]?.includes(kind)) ?? 'Servers';
}

/** What happened, in a sentence without the server's name. */
export function eventWords({ kind, data }: Happening): string {
  switch (kind) {
    case 'link':
      return joined(`link to ${text(data, 'neighbour')} is ${text(data, 'state')}`, retry(data), text(data, 'reason'));
    case 'bucket':
      return joined(`${nodeName(engine)} is ${text(data, 'state')}`, retry(data), text(data, 'reason'), waiting(data));
    case 'learned':
      return learnedWords(data);
    case 'client':
      return joined(
        `client ${text(data, 'far')} ${text(data, 'change')}`,
        text(data, 'transport'),
        text(data, 'reason'),
      );
    case 'server':
      return joined(`is ${text(data, 'state')}`, text(data, 'reason'));
    case 'upstream':
      return joined(`upstream is ${text(data, 'state')}`, retry(data), text(data, 'reason'));
    case 'upstream-failed':
      return joined('upstream gave no answer', text(data, 'reason'));
    case 'warning':
      return text(data, 'reason');
    case 'administration':
      return joined(`${text(data, 'far')} asks to ${text(data, 'act')}`, outcome(data));
    case 'lost':
      return `told more than this page could read: ${counted(Number(data['count'] ?? 0), 'event')} left out`;
    default:
      return joined(kind.replaceAll('-', ' '), ...Object.values(data).map(plain));
  }
}

function learnedWords(data: Data): string {
  const locations = data['locations'] as readonly Told[];
  const from = data['from'] === null ? 'clients' : nodeName(plain(data['from']));
  const [first] = locations;
  const count = Number(data['count'] ?? locations.length);
  return `learned ${count === 1 ? (first?.client ?? '') : counted(count, 'location')} from ${from}`;
}

function retry(data: Data): string {
  const ms = Number(data['retryInMs'] ?? 0);
  return ms > 0 ? `again in ${span(ms)}` : '';
}

function waiting(data: Data): string {
  const count = Number(data['waiting'] ?? 0);
  return count > 0 ? `${counted(count, 'location')} to be written` : '';
}

function outcome(data: Data): string {
  return data['outcome'] === 'refused' ? `refused: ${text(data, 'reason')}` : '';
}

function text(data: Data, name: string): string {
  return plain(data[name]);
}

function plain(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function joined(...words: readonly string[]): string {
  return words.filter((word) => word !== '').join(', ');
}
