import { printable } from '../../shared/printable.js';
import { table } from '../../shared/table.js';
import type { BucketStatus, HerdPicture, LinkStatus, ServerStatus } from './summary.js';

/** What a line tells, for those who see colours. It stands in words as well. */
export type Tone = 'plain' | 'good' | 'waiting' | 'bad';

/** A line of a page. */
export interface PageLine {
  readonly text: string;
  readonly tone: Tone;
}

/** A table of a page. */
interface Section {
  readonly heads: readonly string[];
  readonly rows: readonly Row[];
  /** The columns that are numbers. */
  readonly numbers: readonly number[];
}

interface Row {
  readonly cells: readonly string[];
  /** Why it is as it is; empty where there is nothing to say. */
  readonly why: string;
  readonly tone: Tone;
}

const heldHeads = ['server', 'state', 'locations', 'behind', 'clients'] as const;
const paceHeads = ['reports/s', 'learned/s', 'commands/s', 'lag p50', 'lag p99'] as const;
const unknown = '–';

/**
 * A herd as lines of text.
 * @param columns as wide as it should be: reasons that do not fit stand in lines of their own, and how fast a server is, in a
 *   table of its own
 */
export function pageOf({ herd, servers, links, buckets }: HerdPicture, columns = Infinity): PageLine[] {
  const up = servers.filter(({ state }) => state === 'ready' || state === 'up').length;
  const live = (of: readonly { readonly state: string }[]) => of.filter(({ state }) => state === 'live').length;
  const parts = [
    `${up} of ${servers.length} servers ready`,
    // Where there is a bucket, nobody misses links that herd.yaml does not ask for.
    ...(links.length === 0 && buckets.length > 0 ? [] : [`${live(links)} of ${links.length} links live`]),
    ...(buckets.length === 0 ? [] : [`${live(buckets)} of ${buckets.length} with a live bucket`]),
  ];
  const sections: readonly Section[] = [
    ...serverSections(servers, columns),
    { heads: ['link', 'state', 'for'], rows: links.map(linkRow), numbers: [2] },
    { heads: ['bucket of', 'state', 'for', 'waiting'], rows: buckets.map(bucketRow), numbers: [2, 3] },
  ];
  const tables = sections.filter(({ rows }) => rows.length > 0);
  return [
    plain(`Herd ${herd}: ${parts.join(', ')}`),
    ...tables.flatMap((each) => [plain(''), ...linesOf(each, columns)]),
  ];
}

/** What servers are, and how fast; in two tables where one is too wide. */
function serverSections(servers: readonly ServerStatus[], columns: number): Section[] {
  const held = { heads: heldHeads, rows: servers.map(heldRow), numbers: [2, 3, 4] };
  const pace = { heads: ['server', ...paceHeads], rows: servers.map(paceRow), numbers: [1, 2, 3, 4, 5] };
  const rows = servers.map((server) => {
    const { cells, ...rest } = heldRow(server);
    return { ...rest, cells: [...cells, ...paceCells(server)] };
  });
  const both = { heads: [...heldHeads, ...paceHeads], rows, numbers: [2, 3, 4, 5, 6, 7, 8, 9] };
  const [head = plain('')] = linesOf(both, Infinity);
  return head.text.length <= columns ? [both] : [held, pace];
}

/** The lines of a table. Its reasons stand behind its rows if all of them fit there, and each below its row if not. */
function linesOf({ heads, rows, numbers }: Section, columns: number): PageLine[] {
  const right = new Set(numbers);
  const behind = table(
    [...heads, ''],
    rows.map(({ cells, why }) => [...cells, why]),
    right,
  ).split('\n');
  const fits = behind.every((line) => line.length <= columns);
  const lines = fits
    ? behind
    : table(
        heads,
        rows.map(({ cells }) => cells),
        right,
      ).split('\n');
  return lines.flatMap((text, index) => {
    const { why = '', tone = 'plain' } = rows[index - 1] ?? {};
    return [{ text, tone }, ...(fits || why === '' ? [] : [{ text: `    ${why}`, tone }])];
  });
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

function heldRow(server: ServerStatus): Row {
  const { name, state, why, held } = server;
  const numbers = [held?.locations, held?.behind, held?.clients].map(countText);
  const cells = [name, state, ...numbers];
  return { cells, why: printable(why), tone: toneOfServer(server) };
}

function paceRow(server: ServerStatus): Row {
  return { cells: [server.name, ...paceCells(server)], why: '', tone: toneOfServer(server) };
}

function paceCells({ pace }: ServerStatus): string[] {
  const rates = [pace?.reports, pace?.learned, pace?.commands].map(countText);
  return [...rates, secondsText(pace?.lag?.p50), secondsText(pace?.lag?.p99)];
}

function linkRow(link: LinkStatus): Row {
  const { between, state, sinceMs, why } = link;
  const cells = [between.join(' – '), printable(state), sinceMs === undefined ? unknown : ageText(sinceMs)];
  return { cells, why: printable(why), tone: toneOfLife(link) };
}

function bucketRow(bucket: BucketStatus): Row {
  const { server, state, sinceMs, waiting, why } = bucket;
  const age = sinceMs === undefined ? unknown : ageText(sinceMs);
  const cells = [server, printable(state), age, countText(waiting)];
  return { cells, why: printable(why), tone: toneOfLife(bucket) };
}

function countText(value: number | undefined): string {
  return value === undefined ? unknown : numberText(value);
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
