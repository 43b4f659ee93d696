import { median } from '../support/statistics.js';
import type { Figure } from './figure.js';
import { shown } from './number.js';

/** One diagram: a bar for each contestant. */
interface Panel {
  readonly title: string;
  readonly measure: string;
  readonly metric: string;
}

const panels: readonly Panel[] = [
  { title: 'IAMAT, 64 × 16 in flight, a second', measure: 'pipelined', metric: 'rate' },
  { title: 'IAMAT, 64 × 1 in flight, a second', measure: 'one in flight', metric: 'rate' },
  { title: 'CPU over the herd an update', measure: 'pipelined', metric: 'CPU, herd' },
  { title: 'One server alone, 64 × 16, a second', measure: 'alone, pipelined', metric: 'rate' },
];

const columns = 2;
const width = 470;
const nameWidth = 165;
const barMost = 190;
const rowHeight = 26;
const head = 44;

/** Bars of the medians, with a line from the worst round to the best; an image that follows the reader's choice of dark or light. */
export function chartOf(figures: readonly Figure[]): string {
  const drawn = panels.map((panel) => ({
    panel,
    bars: figures.filter(({ measure, metric }) => measure === panel.measure && metric === panel.metric),
  }));
  const height = head + rowHeight * Math.max(1, ...drawn.map(({ bars }) => bars.length)) + 16;
  const body = drawn.map(({ panel, bars }, index) => {
    const place = `${(index % columns) * width} ${Math.floor(index / columns) * height}`;
    return `<g transform="translate(${place})">\n${panelOf(panel, bars)}\n</g>`;
  });
  const rows = Math.ceil(panels.length / columns);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width * columns} ${height * rows}" role="img" aria-label="Throughput and cost of Herd and its yardsticks">
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

function panelOf(panel: Panel, bars: readonly Figure[]): string {
  const most = Math.max(...bars.flatMap(({ values }) => values.filter(Number.isFinite)));
  const x = (value: number) => nameWidth + Math.round((value / most) * barMost);
  const rows = bars.map(({ subject, values, unit }, index) => {
    const y = head + index * rowHeight;
    const kind = subject.startsWith('Herd') ? 'ours' : 'theirs';
    const middle = median(values);
    return `<text x="${nameWidth - 8}" y="${y + 14}" text-anchor="end">${subject}</text>
<rect class="${kind}" x="${nameWidth}" y="${y}" width="${x(middle) - nameWidth}" height="18" rx="2"/>
<line x1="${x(Math.min(...values))}" x2="${x(Math.max(...values))}" y1="${y + 9}" y2="${y + 9}"/>
<text x="${x(Math.max(...values)) + 8}" y="${y + 14}">${shown(middle, unit)}</text>`;
  });
  return [`<text class="title" x="16" y="26">${panel.title}</text>`, ...rows].join('\n');
}
