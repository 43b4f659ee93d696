import { readFileSync, writeFileSync } from 'node:fs';
import { graphBuilders } from './graphs.js';
import { renderPlot } from './scale-plot.js';
import { measure, type ScalePoint } from './scale-run.js';

/*
 * Simulates herds of 5 to 500 servers in four topologies: messages per update and time until all servers have it. Writes the table
 * into docs/explanation/scale.md and the plot into docs/explanation/scale.svg.
 *
 *   npm run bench:scale
 */

const sizes = [5, 25, 100, 500];

// The compiled file is in dist/bench.
const docs = new URL('../../docs/explanation/', import.meta.url);

const points: ScalePoint[] = [];
for (const [graph, edgesOf] of Object.entries(graphBuilders)) {
  for (const servers of sizes) {
    const startedMs = performance.now();
    const point = await measure(graph, servers, edgesOf(servers));
    points.push(point);
    const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
    const megabytes = Math.round(process.memoryUsage().rss / 1e6);
    process.stdout.write(`${formatRow(point)} ${seconds} s, ${megabytes} MB\n`);
  }
}

const page = new URL('scale.md', docs);
writeFileSync(page, replaceSection(readFileSync(page, 'utf8'), formatTable(points)));
writeFileSync(new URL('scale.svg', docs), renderPlot(points));

/** Replaces the text between the `scale` markers of a page. @throws Error if the page has no markers */
function replaceSection(whole: string, text: string): string {
  const begin = whole.indexOf('-->\n', whole.indexOf('<!-- scale: ')) + '-->\n'.length;
  const end = whole.indexOf('<!-- end of scale -->');
  if (!whole.includes('<!-- scale: ') || end < begin)
    throw new Error('docs/explanation/scale.md: section <!-- scale: ... --> is missing');
  return `${whole.slice(0, begin)}\n${text}\n\n${whole.slice(end)}`;
}

/** A Markdown table, formatted as Prettier does. */
function formatTable(all: readonly ScalePoint[]): string {
  const names = ['graph', 'servers', 'links', 'messages per update', 'minimum', 'bytes per update'];
  const rows = [[...names, 'stable p50', 'stable p99', 'overhead per link'], ...all.map(formatCells)];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = rows.map((row) => row.map((cell, column) => padCell(cell, widths[column] ?? 0, column)));
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [lines[0] ?? [], rule, ...lines.slice(1)].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function padCell(cell: string, width: number, column: number): string {
  return column === 0 ? cell.padEnd(width) : cell.padStart(width);
}

function formatRow(point: ScalePoint): string {
  return formatCells(point).join('  ');
}

function formatCells(point: ScalePoint): string[] {
  const { graph, servers, links, messagesPerUpdate, bytesPerUpdate, p50Ms, p99Ms, overheadBytesPerSecond } = point;
  return [
    graph,
    String(servers),
    String(links),
    messagesPerUpdate.toFixed(1),
    String(servers - 1),
    Math.round(bytesPerUpdate).toLocaleString('en-GB'),
    `${Math.round(p50Ms).toLocaleString('en-GB')} ms`,
    `${Math.round(p99Ms).toLocaleString('en-GB')} ms`,
    `${Math.round(overheadBytesPerSecond)} B/s`,
  ];
}
