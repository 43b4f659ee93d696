import { inside, shape, write } from '../dom.js';
import { drawing, layOut, middle, type Place } from './graph-layout.js';
import { engine, faultOf, nodeName, type Herd, type Link, type LinkEnd, type Server } from '../data/herd.js';
import { serverColour, type Palette } from '../map/palette.js';
import type { Pulses } from '../map/pulses.js';
import type { Selection } from '../panels/selection.js';
import { endWord, faultWord, reachWord, span } from '../data/format.js';

/** How often the numbers beside a server are counted, in milliseconds. */
const countEveryMs = 400;

/** What is not spoken: it is a part of what is, or changes too often. */
const unspoken = { 'aria-hidden': 'true' };

/** How a server stands, beside its name: `missing` is how many locations it lacks. */
export interface Standing {
  readonly words: string;
  readonly missing: number;
}

/** What a graph shows besides servers and links. */
export interface GraphParts {
  readonly pulses: Pulses;
  readonly palette: Palette;
  readonly standing: (server: Server, nowMs: number) => Standing;
  /** Tells what the colours mean; of it only what is in the graph is shown. */
  readonly legend?: HTMLElement;
  /** Undefined: nothing in the graph can be picked. */
  readonly selection?: Selection;
}

interface DrawnEnd {
  readonly end: LinkEnd;
  readonly line: SVGLineElement;
  readonly note: SVGTextElement;
}

/** A herd as a graph. Each half of a link has the state of the machine at its end. */
export class Graph {
  private readonly svg: SVGSVGElement;
  private readonly canvas: HTMLCanvasElement;
  private places = new Map<string, Place>();
  private readonly servers = new Map<string, { group: SVGGElement; note: SVGTextElement }>();
  private readonly links = new Map<string, { group: SVGGElement; mark: SVGGElement; word: SVGTextElement }>();
  private readonly legend: readonly HTMLLIElement[];
  private ends: DrawnEnd[] = [];
  private drawn = '';
  private painted = -1;
  private picked = -1;
  private countedMs = 0;
  private cleared = false;

  /** @param frame holds the drawing, and the canvas of what floods */
  constructor(
    frame: HTMLElement,
    private readonly herd: Herd,
    private readonly parts: GraphParts,
  ) {
    this.svg = inside(frame, 'svg', SVGSVGElement);
    this.canvas = inside(frame, 'canvas', HTMLCanvasElement);
    this.legend = [...(parts.legend?.querySelectorAll<HTMLLIElement>('[data-of]') ?? [])];
    this.svg.setAttribute('viewBox', `0 0 ${drawing.width} ${drawing.height}`);
  }

  paint(nowMs: number): void {
    const members = `${[...this.herd.servers.keys()].join()} ${[...this.herd.links.keys()].join()}`;
    if (members !== this.drawn) this.draw(members);
    if (this.painted !== this.herd.version || this.picked !== (this.parts.selection?.version ?? 0)) this.colour();
    this.countDown(nowMs);
    if (nowMs - this.countedMs > countEveryMs) this.count(nowMs);
    this.pulse(nowMs);
  }

  /** Draws servers and links anew: the herd's members have become known. */
  private draw(members: string): void {
    this.drawn = members;
    this.painted = -1;
    const all = [...this.herd.links.values()];
    const between = all
      .filter(({ kind }) => kind === 'link')
      .map(({ ends: [end] }) => [end?.server ?? '', end?.neighbour ?? ''] as const);
    const kinds = new Set<string>(all.map(({ kind }) => kind));
    const engines = kinds.has('bucket') ? [drawEngine()] : [];
    this.places = layOut([...this.herd.servers.keys()], between, engines.length > 0 ? engine : undefined);
    this.ends = [];
    const links = all.map((link) => this.drawLink(link));
    const servers = this.herd.list.map((server) => this.drawServer(server));
    // Countdowns stand beside the links, which are buttons: their text would have to be in what a button is called.
    const countdowns = shape('g', unspoken, ...this.ends.map(({ note }) => note));
    const marks = [...this.links.values()].map(({ mark }) => mark);
    this.svg.replaceChildren(...links, ...engines, ...marks, countdowns, ...servers);
    for (const entry of this.legend) entry.hidden = !kinds.has(entry.dataset['of'] ?? '');
    // Of a herd that is not known yet, nothing is to be told.
    if (this.parts.legend !== undefined) this.parts.legend.hidden = kinds.size === 0;
  }

  private drawLink(link: Link): SVGGElement {
    const group = shape('g', { class: 'link', ...this.role });
    // An end that tells of all the way has all of the line.
    const share = 1 / link.ends.length;
    for (const end of link.ends) {
      const [from, to] = [this.place(end.server), this.place(end.neighbour)];
      const along = (way: number): Place => ({ x: from.x + (to.x - from.x) * way, y: from.y + (to.y - from.y) * way });
      const [until, near] = [along(share), along(0.12 + 0.38 * share)];
      const line = shape('line', { x1: from.x, y1: from.y, x2: until.x, y2: until.y, class: 'half' });
      const reach = shape('line', { x1: from.x, y1: from.y, x2: until.x, y2: until.y, class: 'reach' });
      const note = shape('text', { x: near.x, y: near.y + 4, class: 'countdown', ...unspoken });
      group.append(reach, line);
      this.ends.push({ end, line, note });
    }
    this.pickable(group, 'link', link.id);
    const word = shape('text', { y: 4 });
    const mark = shape('g', { class: 'fault', ...unspoken }, shape('rect', { y: -11, height: 22, rx: 11 }), word);
    this.links.set(link.id, { group, mark, word });
    return group;
  }

  private drawServer(server: Server): SVGGElement {
    const { x, y } = this.place(server.name);
    // Away from the middle, where no link is.
    const [nameY, noteY] = y < drawing.height / 2 + 1 ? [-56, -40] : [49, 65];
    const note = shape('text', { y: noteY, class: 'note' });
    const group = shape(
      'g',
      { class: 'server', 'data-name': server.name, transform: `translate(${x} ${y})`, ...this.role },
      shape('circle', { r: 27, class: 'halo' }),
      shape('circle', { r: 22, class: 'body', style: `--own: var(--${serverColour(server.index)})` }),
      shape('text', { y: 5, class: 'initial', ...unspoken }, server.name.slice(0, 2)),
      shape('text', { y: nameY, class: 'name' }, server.name),
      note,
    );
    this.pickable(group, 'server', server.name);
    this.servers.set(server.name, { group, note });
    return group;
  }

  private get role(): Readonly<Record<string, string | number>> {
    return this.parts.selection === undefined ? { role: 'img' } : { tabindex: 0, role: 'button' };
  }

  private pickable(group: SVGGElement, kind: 'server' | 'link', id: string): void {
    const { selection } = this.parts;
    if (selection === undefined) return;
    const pick = (): void => selection.pickNode(kind, id);
    group.addEventListener('click', pick);
    group.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' && event.key !== ' ') return;
      event.preventDefault();
      pick();
    });
  }

  private place(server: string): Place {
    return this.places.get(server) ?? { x: 0, y: 0 };
  }

  /** Gives each thing the state that it is in. */
  private colour(): void {
    this.painted = this.herd.version;
    const { selection } = this.parts;
    this.picked = selection?.version ?? 0;
    const picked = selection?.node;
    for (const { end, line } of this.ends) line.dataset['state'] = end.now.state;
    for (const [id, { group, mark, word }] of this.links) {
      const link = this.herd.links.get(id);
      if (link === undefined) continue;
      const states = link.ends.map(({ server, now }) => `${server}: ${endWord(now.state)}`).join(', ');
      const fault = faultOf(link);
      const done = faultWord(fault);
      group.setAttribute('aria-label', `Link ${link.title}. ${states}${done === '' ? '' : `, ${done}`}`);
      group.dataset['fault'] = fault.kind;
      this.markFault(link, mark, word);
      if (selection !== undefined)
        group.setAttribute('aria-pressed', String(picked?.kind === 'link' && picked.id === id));
    }
    for (const [name, { group }] of this.servers) {
      const reach = this.herd.server(name)?.reach ?? 'calling';
      group.dataset['reach'] = reach;
      if (selection === undefined) group.setAttribute('aria-label', `${name}: ${reachWord(reach)}`);
      if (selection !== undefined)
        group.setAttribute('aria-pressed', String(picked?.kind === 'server' && picked.id === name));
    }
  }

  /** Says in the middle of a link what is done to it by hand. */
  private markFault(link: Link, mark: SVGGElement, word: SVGTextElement): void {
    const [from, to] = [this.place(link.ends[0]?.server ?? ''), this.place(link.ends[0]?.neighbour ?? '')];
    mark.setAttribute('transform', `translate(${(from.x + to.x) / 2} ${(from.y + to.y) / 2})`);
    const fault = faultOf(link);
    const words = fault.kind === 'slow' ? `+${span(fault.delayMs)}` : fault.kind === 'cut' ? 'cut' : '';
    mark.toggleAttribute('hidden', words === '');
    if (word.textContent === words) return;
    write(word, words);
    const width = 22 + 7 * words.length;
    mark.firstElementChild?.setAttribute('width', String(width));
    mark.firstElementChild?.setAttribute('x', String(-width / 2));
  }

  private countDown(nowMs: number): void {
    for (const { end, note } of this.ends) {
      const { retryAtMs } = end.now;
      write(note, retryAtMs > 0 ? span(retryAtMs - nowMs) : '');
    }
  }

  private count(nowMs: number): void {
    this.countedMs = nowMs;
    for (const [name, { note, group }] of this.servers) {
      const server = this.herd.server(name);
      if (server === undefined) continue;
      const { words, missing } = this.parts.standing(server, nowMs);
      group.dataset['missing'] = String(missing);
      write(note, words);
    }
  }

  private pulse(nowMs: number): void {
    const { pulses, palette } = this.parts;
    if (pulses.isIdle && this.cleared) return;
    const context = this.canvas.getContext('2d');
    if (context === null) return;
    const width = this.canvas.clientWidth * devicePixelRatio;
    const height = this.canvas.clientHeight * devicePixelRatio;
    if (this.canvas.width !== Math.round(width)) this.canvas.width = Math.round(width);
    if (this.canvas.height !== Math.round(height)) this.canvas.height = Math.round(height);
    const ratio = width / drawing.width;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.cleared = pulses.isIdle;
    pulses.paint(context, this.places, palette, (link) => this.herd.links.has(link), nowMs);
  }
}

/** The engine in the middle: it tells nothing itself, and cannot be picked. */
function drawEngine(): SVGGElement {
  return shape(
    'g',
    { class: 'engine', transform: `translate(${middle.x} ${middle.y})` },
    shape('rect', { x: -33, y: -19, width: 66, height: 38, rx: 9 }),
    shape('text', { y: 5 }, nodeName(engine)),
  );
}
