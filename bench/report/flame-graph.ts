/** A profile as V8 writes it (Chrome DevTools Protocol, Profiler.Profile), as far as it is drawn. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  /** The node that was on top, sample by sample. */
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string };
  readonly children?: readonly number[];
}

/** A function as it was called from there, and what it called. */
interface Frame {
  readonly name: string;
  readonly owner: Owner;
  micros: number;
  readonly calls: Map<string, Frame>;
}

/** Whose time it is. */
type Owner = 'herd' | 'package' | 'node' | 'system';

const width = 1_200;
const rowHeight = 18;
const head = 64;

/** Frames that are narrower are left out, in pixels; and so is the name of one narrower than so many. */
const frameLeast = 2;
const nameLeast = 36;
const letterWidth = 6.2;

const owners: Readonly<Record<Owner, string>> = {
  herd: 'Herd',
  package: 'packages',
  node: 'Node',
  system: 'system calls, built-in functions and the collector',
};

/**
 * Who called whom, and how long it took: what is broader took longer, what stands below was called by what is above. Idle
 * time is left out.
 *
 * @param lastMs the part of the profile that is drawn, from its end, in milliseconds
 */
export function flameGraphOf(title: string, profile: CpuProfile, lastMs: number): string {
  const root = treeOf(profile, lastMs);
  const rows: string[][] = [];
  draw(root, 0, width, 0, rows);
  const height = head + rows.length * rowHeight + 10;
  const legend = Object.entries(owners).map(
    ([owner, name], index) =>
      `<rect class="${owner}" x="${12 + index * 130}" y="34" width="14" height="14"/><text class="plain" x="${32 + index * 130}" y="46">${name}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">
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
<text class="title" x="12" y="22">${escaped(title)}</text>
${legend.join('\n')}
${rows.flat().join('\n')}
</svg>
`;
}

function treeOf({ nodes, samples, timeDeltas }: CpuProfile, lastMs: number): Frame {
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
    if (stack.at(-1)?.callFrame.functionName !== '(idle)') addTo(root, stack.slice(1), micros);
  }
  return root;
}

function addTo(root: Frame, stack: readonly ProfileNode[], micros: number): void {
  let frame = root;
  frame.micros += micros;
  for (const { callFrame } of stack) {
    const file = callFrame.url.split('/').at(-1) ?? '';
    const name = `${callFrame.functionName || '(anonymous)'}${file === '' ? '' : ` ${file}`}`;
    const called = frame.calls.get(name) ?? { name, owner: ownerOf(callFrame.url), micros: 0, calls: new Map() };
    frame.calls.set(name, called);
    called.micros += micros;
    frame = called;
  }
}

function ownerOf(url: string): Owner {
  if (url === '') return 'system';
  if (url.startsWith('node:')) return 'node';
  return url.includes('/node_modules/') ? 'package' : 'herd';
}

function draw(frame: Frame, x: number, wide: number, depth: number, rows: string[][]): void {
  const row = (rows[depth] ??= []);
  const y = head + depth * rowHeight;
  const share = ((wide / width) * 100).toFixed(1);
  const letters = Math.floor((wide - 6) / letterWidth);
  const name = frame.name.length > letters ? `${frame.name.slice(0, Math.max(1, letters - 1))}…` : frame.name;
  const label = wide < nameLeast ? '' : `<text x="${(x + 3).toFixed(1)}" y="${y + 13}">${escaped(name)}</text>`;
  row.push(
    `<g><title>${escaped(frame.name)}: ${share} %</title><rect class="${frame.owner}" x="${x.toFixed(1)}" y="${y}" width="${wide.toFixed(1)}" height="${rowHeight}"/>${label}</g>`,
  );
  let nextX = x;
  for (const called of [...frame.calls.values()].toSorted((a, b) => b.micros - a.micros)) {
    const calledWide = (called.micros / frame.micros) * wide;
    if (calledWide >= frameLeast) draw(called, nextX, calledWide, depth + 1, rows);
    nextX += calledWide;
  }
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
