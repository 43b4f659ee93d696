import { formatCount, formatTable, toPrintable } from '../../shared/output.js';
import type { HerdSummary, LinkStatus, NatsStatus, ServerStatus } from './summary.js';

/** Severity of a line, shown as its colour. The text contains the same information. */
export type Severity = 'plain' | 'good' | 'waiting' | 'bad';

/** Line of the status page. */
export interface StatusLine {
  readonly text: string;
  readonly severity: Severity;
}

interface Table {
  readonly headers: readonly string[];
  readonly rows: readonly Row[];
  /** Indexes of the columns with numbers. */
  readonly rightAligned: readonly number[];
}

interface Row {
  readonly cells: readonly string[];
  /** Reason of the state; may be empty. */
  readonly reason: string;
  readonly severity: Severity;
}

const storedHeaders = ['server', 'state', 'stored', 'missing', 'connections'] as const;
const rateHeaders = ['reports/s', 'learned/s', 'commands/s', 'delay p50', 'delay p99'] as const;
const natsHeaders = ['server', 'NATS', 'for', 'members', 'complete', 'filling', 'leaving', 'short'] as const;
const unknownText = '–';

/**
 * Renders the status of a herd as lines of text.
 * @param columns width to fit into: reasons that do not fit get lines of their own, and rates a table of their own
 */
export function renderStatus({ herd, servers, links, nats }: HerdSummary, columns = Infinity): StatusLine[] {
  const up = servers.filter(({ state }) => state === 'ready' || state === 'up').length;
  const countLive = (of: readonly { readonly state: string }[]) => of.filter(({ state }) => state === 'live').length;
  const parts = [
    `${up} of ${servers.length} servers ready`,
    // A herd on NATS has no links.
    ...(links.length === 0 && nats.length > 0 ? [] : [`${countLive(links)} of ${links.length} links live`]),
    ...(nats.length === 0 ? [] : [`${countLive(nats)} of ${nats.length} live on NATS`]),
  ];
  const sections: readonly Table[] = [
    ...serverTables(servers, columns),
    { headers: ['link', 'state', 'for'], rows: links.map(linkRow), rightAligned: [2] },
    { headers: natsHeaders, rows: nats.map(natsRow), rightAligned: [2, 3, 4, 5, 6, 7] },
  ];
  const tables = sections.filter(({ rows }) => rows.length > 0);
  return [
    plainLine(`Herd ${herd}: ${parts.join(', ')}`),
    ...tables.flatMap((section) => [plainLine(''), ...renderTable(section, columns)]),
  ];
}

/** Tables of servers: one, or two if that is too wide. */
function serverTables(servers: readonly ServerStatus[], columns: number): Table[] {
  const storedTable = { headers: storedHeaders, rows: servers.map(storedRow), rightAligned: [2, 3, 4] };
  const ratesTable = {
    headers: ['server', ...rateHeaders],
    rows: servers.map(ratesRow),
    rightAligned: [1, 2, 3, 4, 5],
  };
  const rows = servers.map((server) => {
    const { cells, ...rest } = storedRow(server);
    return { ...rest, cells: [...cells, ...rateCells(server)] };
  });
  const combinedTable = { headers: [...storedHeaders, ...rateHeaders], rows, rightAligned: [2, 3, 4, 5, 6, 7, 8, 9] };
  const [head = plainLine('')] = renderTable(combinedTable, Infinity);
  return head.text.length <= columns ? [combinedTable] : [storedTable, ratesTable];
}

/** Renders a table. Reasons are the last column if all of them fit; otherwise each is on a line below its row. */
function renderTable({ headers, rows, rightAligned }: Table, columns: number): StatusLine[] {
  const right = new Set(rightAligned);
  const linesWithReasons = formatTable(
    [...headers, ''],
    rows.map(({ cells, reason }) => [...cells, reason]),
    right,
  ).split('\n');
  const fits = linesWithReasons.every((line) => line.length <= columns);
  const lines = fits
    ? linesWithReasons
    : formatTable(
        headers,
        rows.map(({ cells }) => cells),
        right,
      ).split('\n');
  return lines.flatMap((text, index) => {
    const { reason = '', severity = 'plain' } = rows[index - 1] ?? {};
    return [{ text, severity }, ...(fits || reason === '' ? [] : [{ text: `    ${reason}`, severity }])];
  });
}

/** Truncates a page to the size of a terminal; its last line then says how many lines are missing. */
export function truncateToTerminal(page: readonly StatusLine[], columns: number, rows: number): StatusLine[] {
  const visibleLines = page.length <= rows ? page : page.slice(0, rows - 1);
  const missing = page.length - visibleLines.length;
  const lines =
    missing === 0
      ? visibleLines
      : [...visibleLines, plainLine(`${formatCount(missing, 'more line')} (terminal too small)`)];
  return lines.map(({ text, severity }) => ({
    text: text.length <= columns ? text : `${text.slice(0, Math.max(0, columns - 1))}…`,
    severity,
  }));
}

function plainLine(text: string): StatusLine {
  return { text, severity: 'plain' };
}

function serverSeverity({ state }: ServerStatus): Severity {
  switch (state) {
    case 'ready':
    case 'up':
      return 'good';
    case 'not ready':
      return 'waiting';
    case 'down':
    case 'unexpected':
      return 'bad';
  }
}

function linkSeverity({ state }: { readonly state: string }): Severity {
  if (state === 'live') return 'good';
  return state === 'unknown' || state === 'none' ? 'bad' : 'waiting';
}

function storedRow(server: ServerStatus): Row {
  const { name, state, reason, stored } = server;
  const numbers = [stored?.locations, stored?.missing, stored?.connections].map(formatOptional);
  const cells = [name, state, ...numbers];
  return { cells, reason: toPrintable(reason), severity: serverSeverity(server) };
}

function ratesRow(server: ServerStatus): Row {
  return { cells: [server.name, ...rateCells(server)], reason: '', severity: serverSeverity(server) };
}

function rateCells({ rates }: ServerStatus): string[] {
  const cells = [rates?.reports, rates?.learned, rates?.commands].map(formatOptional);
  return [...cells, formatDelay(rates?.propagationDelay?.p50), formatDelay(rates?.propagationDelay?.p99)];
}

function linkRow(link: LinkStatus): Row {
  const { servers, state, sinceMs, reason } = link;
  const cells = [servers.join(' – '), toPrintable(state), sinceMs === undefined ? unknownText : formatAge(sinceMs)];
  return { cells, reason: toPrintable(reason), severity: linkSeverity(link) };
}

function natsRow(nats: NatsStatus): Row {
  const { server, state, sinceMs, members, partitions, reason } = nats;
  const age = sinceMs === undefined ? unknownText : formatAge(sinceMs);
  const { complete, filling, leaving, short } = partitions ?? {};
  const cells = [server, toPrintable(state), age, ...[members, complete, filling, leaving, short].map(formatOptional)];
  const severity = state === 'live' && short !== 0 ? 'waiting' : linkSeverity(nats);
  return { cells, reason: toPrintable(reason), severity };
}

function formatOptional(value: number | undefined): string {
  return value === undefined ? unknownText : formatNumber(value);
}

/** Formats a number, below ten with one decimal place. */
function formatNumber(value: number): string {
  const digits = value >= 10 || Number.isInteger(value) ? 0 : 1;
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function formatDelay(seconds: number | undefined): string {
  if (seconds === undefined) return unknownText;
  if (seconds === Infinity) return '>10 s';
  return seconds < 1 ? `≤${seconds * 1_000} ms` : `≤${seconds} s`;
}

function formatAge(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3_600)} h` : `${Math.floor(seconds / 86_400)} d`;
}
