import type { ScalePoint } from './scale-run.js';

/** One diagram of the plot. */
interface Panel {
  readonly title: string;
  readonly value: (point: ScalePoint) => number;
  /** Range of the vertical axis, as powers of ten. */
  readonly exponentRange: readonly [min: number, max: number];
  readonly label: (value: number) => string;
}

const panels: readonly Panel[] = [
  {
    title: 'Messages per update',
    value: ({ messagesPerUpdate }) => messagesPerUpdate,
    exponentRange: [0, 4],
    label: (value) => value.toLocaleString('en-GB'),
  },
  {
    title: 'Time to stable, p99',
    value: ({ p99Ms }) => p99Ms,
    exponentRange: [1, 4],
    label: (value) => (value < 1_000 ? `${value} ms` : `${value / 1_000} s`),
  },
];

const width = 380;
const height = 260;
const left = 62;
const top = 44;
const distance = 470;

/** Renders all points as an SVG with logarithmic axes that follows the reader's light or dark colour scheme. */
export function renderPlot(points: readonly ScalePoint[]): string {
  const graphs = [...new Set(points.map(({ graph }) => graph))];
  const drawn = panels.map((panel, index) => renderPanel(panel, points, graphs, index * distance));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${distance * panels.length + 40} ${height + 90}" role="img" aria-label="Messages per update and time to stable of rings, trees, grids and random graphs of 5 to 500 servers">
<style>
  svg { --paper: #ffffff; --ink: #1c1f26; --quiet: #555c69; --rule: #dcdad3; --a: #1b56c4; --b: #a34a00; --c: #0a7468; --d: #8034b3; font: 13px system-ui, sans-serif; }
  @media (prefers-color-scheme: dark) {
    svg { --paper: #14161b; --ink: #eceef2; --quiet: #a6adba; --rule: #323743; --a: #7fabff; --b: #f0a35c; --c: #4ec9b8; --d: #c792ea; }
  }
  text { fill: var(--quiet); }
  .title { fill: var(--ink); font-weight: 600; font-size: 15px; }
  .rule { stroke: var(--rule); }
  .a { --line: var(--a); } .b { --line: var(--b); } .c { --line: var(--c); } .d { --line: var(--d); }
  polyline { fill: none; stroke: var(--line); stroke-width: 2; }
  circle { fill: var(--line); }
  .name { fill: var(--line); font-weight: 600; }
</style>
<rect width="100%" height="100%" fill="var(--paper)"/>
${drawn.join('\n')}
</svg>
`;
}

function renderPanel(panel: Panel, points: readonly ScalePoint[], graphs: readonly string[], shift: number): string {
  const sizes = [...new Set(points.map(({ servers }) => servers))];
  const [minExponent, maxExponent] = panel.exponentRange;
  const x = (servers: number) => left + (Math.log10(servers / 5) / Math.log10(100)) * (width - 60);
  const y = (value: number) =>
    top + height - ((Math.log10(value) - minExponent) / (maxExponent - minExponent)) * height;
  const parts = [`<text class="title" x="${left}" y="24">${panel.title}</text>`];
  for (let power = minExponent; power <= maxExponent; power += 1) {
    const at = round(y(10 ** power));
    parts.push(`<line class="rule" x1="${left}" x2="${left + width - 50}" y1="${at}" y2="${at}"/>`);
    parts.push(`<text x="${left - 8}" y="${at + 4}" text-anchor="end">${panel.label(10 ** power)}</text>`);
  }
  for (const servers of sizes) {
    parts.push(`<text x="${round(x(servers))}" y="${top + height + 20}" text-anchor="middle">${servers}</text>`);
  }
  parts.push(`<text x="${left + (width - 60) / 2}" y="${top + height + 40}" text-anchor="middle">servers</text>`);
  let lowestY = -Infinity;
  const lines = graphs.map((graph) => ({ graph, of: points.filter((point) => point.graph === graph) }));
  const lastY = ({ of }: (typeof lines)[number]) => y(panel.value(of.at(-1) ?? failWithoutData(panel)));
  for (const line of lines.toSorted((a, b) => lastY(a) - lastY(b))) {
    const positions = line.of.map((point) => [round(x(point.servers)), round(y(panel.value(point)))] as const);
    // Labels of lines that end close together are stacked.
    lowestY = Math.max(lowestY + 15, lastY(line));
    parts.push(`<g class="${'abcd'[graphs.indexOf(line.graph)] ?? 'a'}">
<polyline points="${positions.map((position) => position.join(',')).join(' ')}"/>
${positions.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="3.5"/>`).join('')}
<text class="name" x="${left + width - 48}" y="${round(lowestY + 4)}">${line.graph}</text>
</g>`);
  }
  return `<g transform="translate(${shift} 0)">\n${parts.join('\n')}\n</g>`;
}

function failWithoutData({ title }: Panel): never {
  throw new Error(`${title}: no points to plot`);
}

function round(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}
