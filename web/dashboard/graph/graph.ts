import { findInside, svgElement, setText } from '../dom.js';
import { drawing, computeLayout, middle, type Place } from './graph-layout.js';
import { broker, faultOf, nodeLabel, type Herd, type Link, type LinkEnd, type Server } from '../data/herd.js';
import { serverColour, type Palette } from '../palette.js';
import type { Pulses } from './pulses.js';
import type { ReplicaLag } from './replica-lag.js';
import type { Selection } from '../data/selection.js';
import { formatEndState, formatFault, formatReach, formatDuration } from '../data/format.js';

/** Interval between two updates of the replica lag, in milliseconds. */
const lagIntervalMs = 400;

/** Attributes of elements that screen readers skip, because another label has the same text or it changes too often. */
const hiddenFromReaders = { 'aria-hidden': 'true' };

/** Dependencies of a graph. */
export interface GraphOptions {
  readonly pulses: Pulses;
  readonly palette: Palette;
  readonly replicaLag: (server: Server, nowMs: number) => ReplicaLag;
  /** Legend of the link states. Only entries for the kinds of links in the graph are shown. */
  readonly legend?: HTMLElement;
  /** Undefined: nothing can be selected. */
  readonly selection?: Selection;
}

interface DrawnEnd {
  readonly end: LinkEnd;
  readonly line: SVGLineElement;
  readonly note: SVGTextElement;
}

/** Graph of the herd. Each half of a link shows the state at its end. */
export class Graph {
  private readonly svg: SVGSVGElement;
  private readonly canvas: HTMLCanvasElement;
  private places = new Map<string, Place>();
  private readonly servers = new Map<string, { group: SVGGElement; note: SVGTextElement }>();
  private readonly links = new Map<
    string,
    { group: SVGGElement; faultMark: SVGGElement; faultLabel: SVGTextElement }
  >();
  private readonly legend: readonly HTMLLIElement[];
  private ends: DrawnEnd[] = [];
  private drawnMembers = '';
  private paintedVersion = -1;
  private selectionVersion = -1;
  private lagUpdatedMs = 0;
  private isCleared = false;

  /** @param frame contains the SVG element and the canvas for pulses */
  constructor(
    frame: HTMLElement,
    private readonly herd: Herd,
    private readonly options: GraphOptions,
  ) {
    this.svg = findInside(frame, 'svg', SVGSVGElement);
    this.canvas = findInside(frame, 'canvas', HTMLCanvasElement);
    this.legend = [...(options.legend?.querySelectorAll<HTMLLIElement>('[data-of]') ?? [])];
    this.svg.setAttribute('viewBox', `0 0 ${drawing.width} ${drawing.height}`);
  }

  paint(nowMs: number): void {
    const members = `${[...this.herd.servers.keys()].join()} ${[...this.herd.links.keys()].join()}`;
    if (members !== this.drawnMembers) this.draw(members);
    if (this.paintedVersion !== this.herd.version || this.selectionVersion !== (this.options.selection?.version ?? 0))
      this.updateStates();
    this.updateCountdowns(nowMs);
    if (nowMs - this.lagUpdatedMs > lagIntervalMs) this.updateReplicaLag(nowMs);
    this.paintPulses(nowMs);
  }

  /** Redraws servers and links after the members of the herd have changed. */
  private draw(members: string): void {
    this.drawnMembers = members;
    this.paintedVersion = -1;
    const all = [...this.herd.links.values()];
    const serverLinks = all
      .filter(({ kind }) => kind === 'link')
      .map(({ ends: [end] }) => [end?.server ?? '', end?.neighbour ?? ''] as const);
    const kinds = new Set<string>(all.map(({ kind }) => kind));
    const brokers = kinds.has('nats') ? [drawBroker()] : [];
    this.places = computeLayout([...this.herd.servers.keys()], serverLinks, brokers.length > 0 ? broker : undefined);
    this.ends = [];
    const links = all.map((link) => this.drawLink(link));
    const servers = this.herd.serverList.map((server) => this.drawServer(server));
    // Outside of the links: those are buttons, and their accessible names would have to contain the countdown.
    const countdowns = svgElement('g', hiddenFromReaders, ...this.ends.map(({ note }) => note));
    const marks = [...this.links.values()].map(({ faultMark }) => faultMark);
    this.svg.replaceChildren(...links, ...brokers, ...marks, countdowns, ...servers);
    for (const entry of this.legend) entry.hidden = !kinds.has(entry.dataset['of'] ?? '');
    // Hidden until the herd is known.
    if (this.options.legend !== undefined) this.options.legend.hidden = kinds.size === 0;
  }

  private drawLink(link: Link): SVGGElement {
    const group = svgElement('g', { class: 'link', ...this.role });
    // A link with one end is drawn as one line.
    const share = 1 / link.ends.length;
    for (const end of link.ends) {
      const [from, to] = [this.placeOf(end.server), this.placeOf(end.neighbour)];
      const along = (ratio: number): Place => ({
        x: from.x + (to.x - from.x) * ratio,
        y: from.y + (to.y - from.y) * ratio,
      });
      const [lineEnd, notePlace] = [along(share), along(0.12 + 0.38 * share)];
      const line = svgElement('line', { x1: from.x, y1: from.y, x2: lineEnd.x, y2: lineEnd.y, class: 'half' });
      const hitArea = svgElement('line', { x1: from.x, y1: from.y, x2: lineEnd.x, y2: lineEnd.y, class: 'hit-area' });
      const note = svgElement('text', { x: notePlace.x, y: notePlace.y + 4, class: 'countdown', ...hiddenFromReaders });
      group.append(hitArea, line);
      this.ends.push({ end, line, note });
    }
    this.makeSelectable(group, 'link', link.id);
    const faultLabel = svgElement('text', { y: 4 });
    const faultMark = svgElement(
      'g',
      { class: 'fault', ...hiddenFromReaders },
      svgElement('rect', { y: -11, height: 22, rx: 11 }),
      faultLabel,
    );
    this.links.set(link.id, { group, faultMark, faultLabel });
    return group;
  }

  private drawServer(server: Server): SVGGElement {
    const { x, y } = this.placeOf(server.name);
    // On the side away from the centre, where no links are.
    const [nameY, noteY] = y < drawing.height / 2 + 1 ? [-56, -40] : [49, 65];
    const note = svgElement('text', { y: noteY, class: 'note' });
    const group = svgElement(
      'g',
      { class: 'server', 'data-name': server.name, transform: `translate(${x} ${y})`, ...this.role },
      svgElement('circle', { r: 27, class: 'halo' }),
      svgElement('circle', { r: 22, class: 'body', style: `--own: var(--${serverColour(server.index)})` }),
      svgElement('text', { y: 5, class: 'initial', ...hiddenFromReaders }, server.name.slice(0, 2)),
      svgElement('text', { y: nameY, class: 'name' }, server.name),
      note,
    );
    this.makeSelectable(group, 'server', server.name);
    this.servers.set(server.name, { group, note });
    return group;
  }

  private get role(): Readonly<Record<string, string | number>> {
    return this.options.selection === undefined ? { role: 'img' } : { tabindex: 0, role: 'button' };
  }

  private makeSelectable(group: SVGGElement, kind: 'server' | 'link', id: string): void {
    const { selection } = this.options;
    if (selection === undefined) return;
    const select = (): void => selection.selectNode(kind, id);
    group.addEventListener('click', select);
    group.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' && event.key !== ' ') return;
      event.preventDefault();
      select();
    });
  }

  private placeOf(server: string): Place {
    return this.places.get(server) ?? { x: 0, y: 0 };
  }

  /** Updates states, faults and the selection. */
  private updateStates(): void {
    this.paintedVersion = this.herd.version;
    const { selection } = this.options;
    this.selectionVersion = selection?.version ?? 0;
    const selected = selection?.node;
    for (const { end, line } of this.ends) line.dataset['state'] = end.current.state;
    for (const [id, { group, faultMark, faultLabel }] of this.links) {
      const link = this.herd.links.get(id);
      if (link === undefined) continue;
      const states = link.ends.map(({ server, current }) => `${server}: ${formatEndState(current.state)}`).join(', ');
      const fault = faultOf(link);
      const faultText = formatFault(fault);
      group.setAttribute('aria-label', `Link ${link.title}. ${states}${faultText === '' ? '' : `, ${faultText}`}`);
      group.dataset['fault'] = fault.kind;
      this.markFault(link, faultMark, faultLabel);
      if (selection !== undefined)
        group.setAttribute('aria-pressed', String(selected?.kind === 'link' && selected.id === id));
    }
    for (const [name, { group }] of this.servers) {
      const reach = this.herd.server(name)?.reach ?? 'connecting';
      group.dataset['reach'] = reach;
      if (selection === undefined) group.setAttribute('aria-label', `${name}: ${formatReach(reach)}`);
      if (selection !== undefined)
        group.setAttribute('aria-pressed', String(selected?.kind === 'server' && selected.id === name));
    }
  }

  /** Labels a link with its injected fault. */
  private markFault(link: Link, faultMark: SVGGElement, faultLabel: SVGTextElement): void {
    const [from, to] = [this.placeOf(link.ends[0]?.server ?? ''), this.placeOf(link.ends[0]?.neighbour ?? '')];
    faultMark.setAttribute('transform', `translate(${(from.x + to.x) / 2} ${(from.y + to.y) / 2})`);
    const fault = faultOf(link);
    const label = fault.kind === 'slow' ? `+${formatDuration(fault.delayMs)}` : fault.kind === 'cut' ? 'cut' : '';
    faultMark.toggleAttribute('hidden', label === '');
    if (faultLabel.textContent === label) return;
    setText(faultLabel, label);
    const width = 22 + 7 * label.length;
    faultMark.firstElementChild?.setAttribute('width', String(width));
    faultMark.firstElementChild?.setAttribute('x', String(-width / 2));
  }

  private updateCountdowns(nowMs: number): void {
    for (const { end, note } of this.ends) {
      const { retryAtMs } = end.current;
      setText(note, retryAtMs > 0 ? formatDuration(retryAtMs - nowMs) : '');
    }
  }

  private updateReplicaLag(nowMs: number): void {
    this.lagUpdatedMs = nowMs;
    for (const [name, { note, group }] of this.servers) {
      const server = this.herd.server(name);
      if (server === undefined) continue;
      const { label, missing } = this.options.replicaLag(server, nowMs);
      group.dataset['missing'] = String(missing);
      setText(note, label);
    }
  }

  private paintPulses(nowMs: number): void {
    const { pulses, palette } = this.options;
    if (pulses.isIdle && this.isCleared) return;
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
    this.isCleared = pulses.isIdle;
    pulses.paint(context, this.places, palette, (link) => this.herd.links.has(link), nowMs);
  }
}

/** Broker in the centre; it cannot be selected. */
function drawBroker(): SVGGElement {
  return svgElement(
    'g',
    { class: 'broker', transform: `translate(${middle.x} ${middle.y})` },
    svgElement('rect', { x: -33, y: -19, width: 66, height: 38, rx: 9 }),
    svgElement('text', { y: 5 }, nodeLabel(broker)),
  );
}
