import { median } from '../support/statistics.js';
import type { Figure } from './figure.js';
import { formatNumber } from './number.js';

/** A bar chart of one metric with one bar per system. */
interface Panel {
  readonly title: string;
  readonly benchmark: string;
  readonly metric: string;
}

const panels: readonly Panel[] = [
  { title: 'IAMAT, 64 × 16 in flight, per second', benchmark: 'pipelined', metric: 'rate' },
  { title: 'IAMAT, 64 × 1 in flight, per second', benchmark: 'one-in-flight', metric: 'rate' },
  { title: 'CPU of the herd per update', benchmark: 'pipelined', metric: 'CPU, herd' },
  { title: 'Single server, 64 × 16, per second', benchmark: 'alone-pipelined', metric: 'rate' },
];

const columns = 2;
const width = 470;
const nameWidth = 165;
const maxBarWidth = 190;
const rowHeight = 26;
const headerHeight = 44;

/**
 * Renders the main figures as an SVG: bars are medians, and a line spans the worst to the best round. It follows the reader's light
 * or dark colour scheme.
 */
export function renderChart(figures: readonly Figure[]): string {
  const drawn = panels.map((panel) => ({
    panel,
    bars: figures.filter(({ benchmark, metric }) => benchmark === panel.benchmark && metric === panel.metric),
  }));
  const height = headerHeight + rowHeight * Math.max(1, ...drawn.map(({ bars }) => bars.length)) + 16;
  const body = drawn.map(({ panel, bars }, index) => {
    const offset = `${(index % columns) * width} ${Math.floor(index / columns) * height}`;
    return `<g transform="translate(${offset})">\n${renderPanel(panel, bars)}\n</g>`;
  });
  const rows = Math.ceil(panels.length / columns);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width * columns} ${height * rows}" role="img" aria-label="Throughput and cost of Herd and the baselines">
<style>
  svg { --paper: #ffffff; --ink: #1c1f26; --quiet: #555c69; --ours: #1b56c4; --theirs: #a9adb6; font: 13px system-ui, sans-serif; }
  @media (prefers-color-scheme: dark) {
    svg { --paper: #14161b; --ink: #eceef2; --quiet: #a6adba; --ours: #7fabff; --theirs: #5d6472; }
  }
  text { fill: var(--quiet); }
  .title { fill: var(--ink); font-weight: 600; font-size: 15px; }
  .ours { fill: var(--ours); } .theirs { fill: var(--theirs); }
  line { stroke: var(--ink); }
</style>
<rect width="100%" height="100%" fill="var(--paper)"/>
${body.join('\n')}
</svg>
`;
}

function renderPanel(panel: Panel, bars: readonly Figure[]): string {
  const maxValue = Math.max(...bars.flatMap(({ values }) => values.filter(Number.isFinite)));
  const x = (value: number) => nameWidth + Math.round((value / maxValue) * maxBarWidth);
  const rows = bars.map(({ subject, values, unit }, index) => {
    const y = headerHeight + index * rowHeight;
    const kind = subject.startsWith('Herd') ? 'ours' : 'theirs';
    const middle = median(values);
    return `<text x="${nameWidth - 8}" y="${y + 14}" text-anchor="end">${subject}</text>
<rect class="${kind}" x="${nameWidth}" y="${y}" width="${x(middle) - nameWidth}" height="18" rx="2"/>
<line x1="${x(Math.min(...values))}" x2="${x(Math.max(...values))}" y1="${y + 9}" y2="${y + 9}"/>
<text x="${x(Math.max(...values)) + 8}" y="${y + 14}">${formatNumber(middle, unit)}</text>`;
  });
  return [`<text class="title" x="16" y="26">${panel.title}</text>`, ...rows].join('\n');
}
