import { chaosButtons } from './admin-actions.js';
import { element, part } from '../dom.js';
import { faultOf, nodeName, type Herd, type Link, type LinkEnd, type Server } from '../data/herd.js';
import type { Selection } from './selection.js';
import { StateChart } from '../graph/state-chart.js';
import { counted, endWord, faultWord, reachWord, span } from '../data/format.js';

/** How often times are written anew, in milliseconds. */
const everyMs = 100;

/** The picked server or link of the graph: what it is, how it got there, and chaos by hand. */
export class NodePanel {
  private readonly panel = part('node', HTMLElement);
  private readonly chart = new StateChart();
  private readonly title = element('h3');
  private readonly body = element('div', { className: 'node-body' });
  private readonly said = element('p', { className: 'said' });
  private buttons = element('div');
  private shown = '';
  private offered = '';
  private writtenMs = -Infinity;

  constructor(
    private readonly herd: Herd,
    private readonly selection: Selection,
  ) {
    this.said.setAttribute('role', 'status');
  }

  paint(nowMs: number): void {
    const { node } = this.selection;
    if (node === undefined || nowMs - this.writtenMs < everyMs) return;
    this.writtenMs = nowMs;
    const link = node.kind === 'link' ? this.herd.links.get(node.id) : undefined;
    const server = node.kind === 'server' ? this.herd.server(node.id) : undefined;
    this.setUp(`${node.kind} ${node.id}`, link, server);
    this.offer(link ?? server);
    if (link !== undefined) {
      if (link.kind === 'link') this.chart.show(link);
      const done = faultWord(faultOf(link));
      const fault = done === '' ? [] : [element('p', { className: 'fault' }, `The link is ${done}.`)];
      this.body.replaceChildren(...fault, ...link.ends.map((end) => endView(end, nowMs)));
    } else if (server !== undefined) {
      this.body.replaceChildren(serverView(server), ...this.herd.endsOf(server.name).map((end) => this.linkRow(end)));
    }
  }

  /** Puts up what stays for as long as the same thing is picked. */
  private setUp(shown: string, link: Link | undefined, server: Server | undefined): void {
    if (shown === this.shown) return;
    this.shown = shown;
    this.title.textContent = link === undefined ? (server?.name ?? '') : `Link ${link.title}`;
    const chart = link?.kind === 'link' ? [this.chart.svg] : [];
    this.said.textContent = '';
    this.offered = '';
    this.panel.replaceChildren(this.title, ...chart, this.body, this.buttons, this.said);
  }

  /** Puts up the buttons that make sense now. */
  private offer(thing: Link | Server | undefined): void {
    const fault = thing !== undefined && 'ends' in thing ? faultOf(thing).kind : '';
    const offered = `${this.shown} ${this.herd.administering} ${fault}`;
    if (offered === this.offered) return;
    this.offered = offered;
    // What is between a server and NATS is not the herd's to cut.
    const isHerds = thing !== undefined && !('kind' in thing && thing.kind === 'bucket');
    const say = (words: string): void => void (this.said.textContent = words);
    const buttons = isHerds ? chaosButtons(this.herd, thing, say) : element('div');
    const hadFocus = this.buttons.contains(document.activeElement);
    this.buttons.replaceWith(buttons);
    this.buttons = buttons;
    // Whoever pressed a button by keyboard goes on from here; the last one does the least harm.
    if (hadFocus) [...buttons.querySelectorAll('button')].at(-1)?.focus();
  }

  private linkRow(end: LinkEnd): HTMLElement {
    return element('p', { className: 'end' }, `Link to ${nodeName(end.neighbour)}: ${endWord(end.now.state)}`);
  }
}

function serverView({ reach, connections, ready, url }: Server): HTMLElement {
  if (url === '') return element('p', {}, 'It has no httpPort, so that this page cannot hear it.');
  const words = reach === 'reached' ? `${counted(connections, 'connection')} of clients` : 'calling it every second';
  const caughtUp = reach === 'reached' && ready ? ', ready' : '';
  return element('p', {}, `${reachWord(reach)}${caughtUp}: ${words}. ${url}`);
}

function endView({ server, now, steps }: LinkEnd, nowMs: number): HTMLElement {
  const left = now.retryAtMs > 0 ? `, again in ${span(now.retryAtMs - nowMs)}` : '';
  const waiting = now.waiting > 0 ? `; ${counted(now.waiting, 'location')} to be written` : '';
  const head = `${endWord(now.state)} for ${span(nowMs - now.sinceMs)}${left}${waiting}`;
  const rows = steps.slice(1, 5).map((step, at) => {
    const until = steps[at]?.sinceMs ?? nowMs;
    const words = `${endWord(step.state)}, ${span(until - step.sinceMs)}${step.reason === '' ? '' : `: ${step.reason}`}`;
    return element('li', {}, words);
  });
  const reason = now.reason === '' ? [] : [element('p', { className: 'reason' }, now.reason)];
  const state = element('p', {}, element('strong', {}, server), ` ${head}`);
  return element('section', { className: 'end' }, state, ...reason, element('ol', {}, ...rows));
}
