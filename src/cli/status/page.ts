import { table } from '../table.js';
import type { BucketStatus, HerdPicture, LinkStatus, ServerStatus } from './picture.js';

/** What a line tells, for those who see colours. It stands in words as well. */
export type Tone = 'plain' | 'good' | 'waiting' | 'bad';

/** A line of a page. */
export interface PageLine {
  readonly text: string;
  readonly tone: Tone;
}

const serverHeads = [
  ...['server', 'state', 'locations', 'behind', 'clients', 'reports/s', 'learned/s', 'commands/s'],
  ...['lag p50', 'lag p99', ''],
] as const;
const serverNumbers = new Set([2, 3, 4, 5, 6, 7, 8, 9]);
const bucketHeads = ['bucket of', 'state', 'for', 'waiting', ''] as const;
const unknown = '–';

/** A herd as lines of text. */
export function pageOf({ herd, servers, links, buckets }: HerdPicture): PageLine[] {
  const up = servers.filter(({ state }) => state === 'ready' || state === 'up').length;
  const live = (of: readonly { readonly state: string }[]) => of.filter(({ state }) => state === 'live').length;
  const parts = [
    `${up} of ${servers.length} servers ready`,
    // Where there is a bucket, nobody misses links that herd.yaml does not ask for.
    ...(links.length === 0 && buckets.length > 0 ? [] : [`${live(links)} of ${links.length} links live`]),
    ...(buckets.length === 0 ? [] : [`${live(buckets)} of ${buckets.length} with a live bucket`]),
  ];
  return [
    plain(`Herd ${herd}: ${parts.join(', ')}`),
    plain(''),
    ...lines(table(serverHeads, servers.map(serverCells), serverNumbers), servers.map(toneOfServer)),
    ...section(['link', 'state', 'for', ''], links.map(linkCells), new Set([2]), links.map(toneOfLife)),
    ...section(bucketHeads, buckets.map(bucketCells), new Set([2, 3]), buckets.map(toneOfLife)),
  ];
}

/** One more table under the page; nothing where it would be empty. */
function section(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  numbers: ReadonlySet<number>,
  tones: readonly Tone[],
): PageLine[] {
  return rows.length === 0 ? [] : [plain(''), ...lines(table(heads, rows, numbers), tones)];
}

/** A page cut to a terminal of that size; what does not fit is counted. */
export function fitted(page: readonly PageLine[], columns: number, rows: number): PageLine[] {
  const kept = page.length <= rows ? page : page.slice(0, rows - 1);
  const missing = page.length - kept.length;
  const all = missing === 0 ? kept : [...kept, plain(`${missing} more lines; the terminal is too small`)];
  return all.map(({ text, tone }) => ({
    text: text.length <= columns ? text : `${text.slice(0, Math.max(0, columns - 1))}…`,
    tone,
  }));
}

function plain(text: string): PageLine {
  return { text, tone: 'plain' };
}

/** The lines of a table, the first of which is its head. */
function lines(text: string, tones: readonly Tone[]): PageLine[] {
  return text.split('\n').map((line, index) => ({ text: line, tone: tones[index - 1] ?? 'plain' }));
}

function toneOfServer({ state }: ServerStatus): Tone {
  switch (state) {
    case 'ready':
    case 'up':
      return 'good';
    case 'not ready':
      return 'waiting';
    case 'down':
    case 'strange':
      return 'bad';
  }
}

function toneOfLife({ state }: { readonly state: string }): Tone {
  if (state === 'live') return 'good';
  return state === 'unknown' || state === 'none' ? 'bad' : 'waiting';
}

function serverCells({ name, state, why, held, pace }: ServerStatus): string[] {
  return [
    name,
    state,
    ...[held?.locations, held?.behind, held?.clients].map((each) => (each === undefined ? unknown : numberText(each))),
    ...(pace === undefined
      ? [unknown, unknown, unknown]
      : [pace.reports, pace.learned, pace.commands].map((rate) => numberText(rate))),
    secondsText(pace?.lag?.p50),
    secondsText(pace?.lag?.p99),
    printable(why),
  ];
}

function linkCells({ between, state, sinceMs, why }: LinkStatus): string[] {
  return [between.join(' – '), printable(state), sinceMs === undefined ? unknown : ageText(sinceMs), printable(why)];
}

function bucketCells({ server, state, sinceMs, waiting, why }: BucketStatus): string[] {
  const age = sinceMs === undefined ? unknown : ageText(sinceMs);
  return [server, printable(state), age, waiting === undefined ? unknown : numberText(waiting), printable(why)];
}

/** Whole from ten on; below, a tenth is worth a look. */
function numberText(value: number): string {
  const digits = value >= 10 || Number.isInteger(value) ? 0 : 1;
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function secondsText(seconds: number | undefined): string {
  if (seconds === undefined) return unknown;
  if (seconds === Infinity) return '>10 s';
  return seconds < 1 ? `≤${seconds * 1_000} ms` : `≤${seconds} s`;
}

function ageText(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3_600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

/** What servers tell goes to a terminal, which obeys control characters. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '?');
}
