import { svgElement } from '../dom.js';
import type { EndState, Link } from '../data/herd.js';
import { formatEndState } from '../data/format.js';

/** Left, top and width of each state's box. */
const boxes: Readonly<Partial<Record<EndState, readonly [x: number, y: number, width: number]>>> = {
  connecting: [10, 16, 120],
  backoff: [10, 132, 120],
  'catching-up': [214, 30, 116],
  live: [344, 30, 106],
  stopped: [344, 132, 106],
};

const boxHeight = 50;

/** Free space on either side of the names in a box. */
const namesMargin = 6;

/** Transitions: path, label, position of the label. */
const arrows: readonly (readonly [path: string, label: string, x: number, y: number])[] = [
  ['M130 30 H198', 'handshake', 164, 24],
  ['M330 55 H342', '', 0, 0],
  ['M200 60 H132', 'closed', 164, 54],
  ['M54 66 V130', 'failed', 33, 103],
  ['M92 132 V68', 'retry', 110, 103],
  ['M130 143 H232 V94', 'handshake', 180, 138],
  ['M270 92 V170 H132', 'closed (dialing end)', 196, 165],
  ['M397 92 V130', 'stop', 415, 115],
];

/** Compresses names that are too long for their box. */
function fitNames(names: SVGTextElement, width: number): void {
  const room = width - 2 * namesMargin;
  names.removeAttribute('textLength');
  if (names.getComputedTextLength() > room) names.setAttribute('textLength', String(room));
}

/** State chart of a link. The states of its two ends are highlighted and show the server's name. */
export class StateChart {
  readonly svg = svgElement('svg', { viewBox: '0 0 460 200', role: 'img', class: 'chart' });
  private readonly groups = new Map<EndState, { group: SVGGElement; names: SVGTextElement }>();

  constructor() {
    this.svg.append(
      svgElement(
        'defs',
        {},
        svgElement(
          'marker',
          { id: 'head', viewBox: '0 0 8 8', refX: 6, refY: 4, markerWidth: 7, markerHeight: 7, orient: 'auto' },
          svgElement('path', { d: 'M0 0 L8 4 L0 8 z', class: 'arrow-head' }),
        ),
      ),
      svgElement('rect', { x: 200, y: 6, width: 256, height: 86, rx: 10, class: 'compound-state' }),
      svgElement('text', { x: 212, y: 22, class: 'compound-name' }, 'connected'),
    );
    for (const [path, label, x, y] of arrows) {
      this.svg.append(svgElement('path', { d: path, class: 'arrow', 'marker-end': 'url(#head)' }));
      if (label !== '') this.svg.append(svgElement('text', { x, y, class: 'arrow-label' }, label));
    }
    for (const [state, [x, y, width]] of Object.entries(boxes) as [EndState, [number, number, number]][]) {
      const names = svgElement('text', { x: width / 2, y: 39, class: 'names', lengthAdjust: 'spacingAndGlyphs' });
      const group = svgElement(
        'g',
        { transform: `translate(${x} ${y})`, class: 'state', 'data-state': state },
        svgElement('rect', { width, height: boxHeight, rx: 8 }),
        svgElement('text', { x: width / 2, y: 21, class: 'state-name' }, formatEndState(state)),
        names,
      );
      this.groups.set(state, { group, names });
      this.svg.append(group);
    }
  }

  show({ id, ends }: Link): void {
    for (const [state, { group, names }] of this.groups) {
      const servers = ends.filter((end) => end.current.state === state).map(({ server }) => server);
      group.classList.toggle('lit', servers.length > 0);
      names.textContent = servers.join(' · ');
      fitNames(names, boxes[state]?.[2] ?? 0);
    }
    const description = ends.map(({ server, current }) => `${server} is ${formatEndState(current.state)}`).join(', ');
    this.svg.setAttribute('aria-label', `State chart of the link ${id}: ${description}`);
  }
}
