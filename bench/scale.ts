import { readFileSync, writeFileSync } from 'node:fs';
import { graphs } from './graphs.js';
import { plotOf } from './scale-plot.js';
import { measure, type ScalePoint } from './scale-run.js';

/*
 * Scale on paper: what an update costs, and how long it takes to be everywhere, in herds of 5 to 500 servers of four shapes.
 * Writes the table and the plot into the documentation.
 */

const sizes = [5, 25, 100, 500];

// Compiled, this file stands in dist/bench.
const docs = new URL('../../docs/', import.meta.url);

const points: ScalePoint[] = [];
for (const [graph, edgesOf] of Object.entries(graphs)) {
  for (const servers of sizes) {
    const startedMs = performance.now();
    const point = await measure(graph, servers, edgesOf(servers));
    points.push(point);
    const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
    const megabytes = Math.round(process.memoryUsage().rss / 1e6);
    process.stdout.write(`${rowOf(point)} ${seconds} s, ${megabytes} MB\n`);
  }
}

const page = new URL('simulation.md', docs);
writeFileSync(page, between(readFileSync(page, 'utf8'), tableOf(points)));
writeFileSync(new URL('scale.svg', docs), plotOf(points));

/** A page with that text in the place that it has for it. */
function between(whole: string, text: string): string {
  const begin = whole.indexOf('-->\n', whole.indexOf('<!-- scale: ')) + '-->\n'.length;
  const end = whole.indexOf('<!-- end of scale -->');
  if (!whole.includes('<!-- scale: ') || end < begin) throw new Error('docs/simulation.md has no place for the table');
  return `${whole.slice(0, begin)}\n${text}\n\n${whole.slice(end)}`;
}

/** The table as Prettier would have it. */
function tableOf(all: readonly ScalePoint[]): string {
  const names = ['graph', 'servers', 'links', 'messages an update', 'at least', 'bytes an update'];
  const rows = [[...names, 'stable p50', 'stable p99', 'upkeep of a link'], ...all.map(cellsOf)];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = rows.map((row) => row.map((cell, column) => pad(cell, widths[column] ?? 0, column)));
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [lines[0] ?? [], rule, ...lines.slice(1)].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function pad(cell: string, width: number, column: number): string {
  return column === 0 ? cell.padEnd(width) : cell.padStart(width);
}

function rowOf(point: ScalePoint): string {
  return cellsOf(point).join('  ');
}

function cellsOf(point: ScalePoint): string[] {
  const { graph, servers, links, messagesPerUpdate, bytesPerUpdate, p50Ms, p99Ms, upkeepBytesPerSecond } = point;
  return [
    graph,
    String(servers),
    String(links),
    messagesPerUpdate.toFixed(1),
    String(servers - 1),
    Math.round(bytesPerUpdate).toLocaleString('en-GB'),
    `${Math.round(p50Ms).toLocaleString('en-GB')} ms`,
    `${Math.round(p99Ms).toLocaleString('en-GB')} ms`,
    `${Math.round(upkeepBytesPerSecond)} B/s`,
  ];
}
