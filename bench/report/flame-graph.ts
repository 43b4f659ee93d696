/** A V8 CPU profile (Chrome DevTools Protocol, Profiler.Profile), limited to the fields that are drawn. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  /** ID of the top node of each sample. */
  readonly samples: readonly number[];
  /** Time before each sample, in microseconds. */
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string };
  readonly children?: readonly number[];
}

/** A call-tree node: a function in the context of its callers. */
interface Frame {
  readonly name: string;
  readonly owner: Owner;
  micros: number;
  readonly calls: Map<string, Frame>;
}

/** Origin of a frame's code. */
type Owner = 'herd' | 'package' | 'node' | 'system';

const width = 1_200;
const rowHeight = 18;
const headerHeight = 64;

/** Minimum width of a frame to be drawn, and to be labelled, in pixels. */
const minFrameWidth = 2;
const minLabelWidth = 36;
const letterWidth = 6.2;

const owners: Readonly<Record<Owner, string>> = {
  herd: 'Herd',
  package: 'packages',
  node: 'Node',
  system: 'system calls, built-in functions and garbage collection',
};

/**
 * Renders a profile as an SVG flame graph: the width of a frame is its time, callees are below their callers, and idle time is left
 * out.
 *
 * @param lastMs duration of the part at the end of the profile that is drawn, in milliseconds
 */
export function renderFlameGraph(title: string, profile: CpuProfile, lastMs: number): string {
  const root = buildTree(profile, lastMs);
  const rows: string[][] = [];
  drawFrame(root, 0, width, 0, rows);
  const height = headerHeight + rows.length * rowHeight + 10;
  const legend = Object.entries(owners).map(
    ([owner, name], index) =>
      `<rect class="${owner}" x="${12 + index * 130}" y="34" width="14" height="14"/><text class="plain" x="${32 + index * 130}" y="46">${name}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeXml(title)}">
<style>
  svg { --paper: #ffffff; --ink: #1c1f26; --herd: #a9c7fb; --package: #f6cf9f; --node: #cfd3da; --system: #e2b6b6; font: 11px system-ui, sans-serif; }
  @media (prefers-color-scheme: dark) {
    svg { --paper: #14161b; --ink: #eceef2; --herd: #2a4f96; --package: #7d5420; --node: #454c59; --system: #7a3d3d; }
  }
  text { fill: var(--ink); }
  .title { font-size: 15px; font-weight: 600; }
  .herd { fill: var(--herd); } .package { fill: var(--package); } .node { fill: var(--node); } .system { fill: var(--system); }
  rect { stroke: var(--paper); stroke-width: 0.5; }
</style>
<rect width="100%" height="100%" style="fill: var(--paper)"/>
<text class="title" x="12" y="22">${escapeXml(title)}</text>
${legend.join('\n')}
${rows.flat().join('\n')}
</svg>
`;
}

function buildTree({ nodes, samples, timeDeltas }: CpuProfile, lastMs: number): Frame {
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const root: Frame = { name: 'all', owner: 'node', micros: 0, calls: new Map() };
  let restMicros = lastMs * 1_000;
  for (let index = samples.length - 1; index >= 0 && restMicros > 0; index -= 1) {
    const micros = timeDeltas[index] ?? 0;
    restMicros -= micros;
    const stack: ProfileNode[] = [];
    for (let id = samples[index]; id !== undefined; id = parents.get(id)) {
      const node = byId.get(id);
      if (node !== undefined) stack.unshift(node);
    }
    if (stack.at(-1)?.callFrame.functionName !== '(idle)') addStack(root, stack.slice(1), micros);
  }
  return root;
}

function addStack(root: Frame, stack: readonly ProfileNode[], micros: number): void {
  let frame = root;
  frame.micros += micros;
  for (const { callFrame } of stack) {
    const file = callFrame.url.split('/').at(-1) ?? '';
    const name = `${callFrame.functionName || '(anonymous)'}${file === '' ? '' : ` ${file}`}`;
    const called = frame.calls.get(name) ?? { name, owner: frameOwner(callFrame.url), micros: 0, calls: new Map() };
    frame.calls.set(name, called);
    called.micros += micros;
    frame = called;
  }
}

function frameOwner(url: string): Owner {
  if (url === '') return 'system';
  if (url.startsWith('node:')) return 'node';
  return url.includes('/node_modules/') ? 'package' : 'herd';
}

function drawFrame(frame: Frame, x: number, frameWidth: number, depth: number, rows: string[][]): void {
  const row = (rows[depth] ??= []);
  const y = headerHeight + depth * rowHeight;
  const share = ((frameWidth / width) * 100).toFixed(1);
  const letters = Math.floor((frameWidth - 6) / letterWidth);
  const name = frame.name.length > letters ? `${frame.name.slice(0, Math.max(1, letters - 1))}…` : frame.name;
  const label =
    frameWidth < minLabelWidth ? '' : `<text x="${(x + 3).toFixed(1)}" y="${y + 13}">${escapeXml(name)}</text>`;
  row.push(
    `<g><title>${escapeXml(frame.name)}: ${share} %</title><rect class="${frame.owner}" x="${x.toFixed(1)}" y="${y}" width="${frameWidth.toFixed(1)}" height="${rowHeight}"/>${label}</g>`,
  );
  let nextX = x;
  for (const called of [...frame.calls.values()].toSorted((a, b) => b.micros - a.micros)) {
    const childWidth = (called.micros / frame.micros) * frameWidth;
    if (childWidth >= minFrameWidth) drawFrame(called, nextX, childWidth, depth + 1, rows);
    nextX += childWidth;
  }
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
