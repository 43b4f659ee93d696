import { adminButtons } from './admin-actions.js';
import { element, byId } from '../dom.js';
import { faultOf, nodeLabel, type Herd, type Link, type LinkEnd, type Server } from '../data/herd.js';
import type { Selection } from '../data/selection.js';
import { StateChart } from '../graph/state-chart.js';
import { formatCount, formatEndState, formatFault, formatReach, formatDuration } from '../data/format.js';

/** Minimum interval between two updates, in milliseconds. */
const renderIntervalMs = 100;

/** Selected server or link: its state, recent states and admin actions. */
export class NodePanel {
  private readonly panel = byId('node', HTMLElement);
  private readonly chart = new StateChart();
  private readonly title = element('h3');
  private readonly body = element('div', { className: 'node-body' });
  private readonly status = element('p', { className: 'status' });
  private buttons = element('div');
  private nodeKey = '';
  private buttonsKey = '';
  private renderedMs = -Infinity;

  constructor(
    private readonly herd: Herd,
    private readonly selection: Selection,
  ) {
    this.status.setAttribute('role', 'status');
  }

  paint(nowMs: number): void {
    const { node } = this.selection;
    if (node === undefined || nowMs - this.renderedMs < renderIntervalMs) return;
    this.renderedMs = nowMs;
    const link = node.kind === 'link' ? this.herd.links.get(node.id) : undefined;
    const server = node.kind === 'server' ? this.herd.server(node.id) : undefined;
    this.setUp(`${node.kind} ${node.id}`, link, server);
    this.updateButtons(link ?? server);
    if (link !== undefined) {
      if (link.kind === 'link') this.chart.show(link);
      const faultText = formatFault(faultOf(link));
      const fault = faultText === '' ? [] : [element('p', { className: 'fault' }, `The link is ${faultText}.`)];
      this.body.replaceChildren(...fault, ...link.ends.map((end) => renderEnd(end, nowMs)));
    } else if (server !== undefined) {
      this.body.replaceChildren(
        renderServer(server),
        ...this.herd.endsOf(server.name).map((end) => this.renderLink(end)),
      );
    }
  }

  /** Creates the elements that stay while the selection is the same. */
  private setUp(nodeKey: string, link: Link | undefined, server: Server | undefined): void {
    if (nodeKey === this.nodeKey) return;
    this.nodeKey = nodeKey;
    this.title.textContent = link === undefined ? (server?.name ?? '') : `Link ${link.title}`;
    const chart = link?.kind === 'link' ? [this.chart.svg] : [];
    this.status.textContent = '';
    this.buttonsKey = '';
    this.panel.replaceChildren(this.title, ...chart, this.body, this.buttons, this.status);
  }

  /** Replaces the buttons if other actions are possible now. */
  private updateButtons(node: Link | Server | undefined): void {
    const fault = node !== undefined && 'ends' in node ? faultOf(node).kind : '';
    const buttonsKey = `${this.nodeKey} ${this.herd.adminAccess} ${fault}`;
    if (buttonsKey === this.buttonsKey) return;
    this.buttonsKey = buttonsKey;
    // Connections to NATS cannot be cut.
    const isAdministrable = node !== undefined && !('kind' in node && node.kind === 'nats');
    const showStatus = (text: string): void => void (this.status.textContent = text);
    const buttons = isAdministrable ? adminButtons(this.herd, node, showStatus) : element('div');
    const hadFocus = this.buttons.contains(document.activeElement);
    this.buttons.replaceWith(buttons);
    this.buttons = buttons;
    // Keeps the keyboard focus, on the least harmful button.
    if (hadFocus) [...buttons.querySelectorAll('button')].at(-1)?.focus();
  }

  private renderLink(end: LinkEnd): HTMLElement {
    return element(
      'p',
      { className: 'end' },
      `Link to ${nodeLabel(end.neighbour)}: ${formatEndState(end.current.state)}`,
    );
  }
}

function renderServer({ reach, connections, ready, url, memberCount, partitions }: Server): HTMLElement {
  if (url === '') return element('p', {}, 'No httpPort is configured, so this page cannot reach it.');
  const detail = reach === 'connected' ? formatCount(connections, 'client connection') : 'retrying every second';
  const readiness = reach === 'connected' && ready ? ', ready' : '';
  const text = `${formatReach(reach)}${readiness}: ${detail}. ${url}`;
  if (partitions === undefined || reach !== 'connected') return element('p', {}, text);
  const { complete, filling, leaving, short } = partitions;
  const held = `${formatCount(complete, 'partition')} complete, ${filling} filling, ${leaving} leaving`;
  const herd = `${formatCount(memberCount, 'member')}, ${formatCount(short, 'partition')} short of replicas`;
  return element('p', {}, text, element('br'), `Holds ${held}. Herd: ${herd}.`);
}

function renderEnd({ server, current, steps }: LinkEnd, nowMs: number): HTMLElement {
  const retryText = current.retryAtMs > 0 ? `, retry in ${formatDuration(current.retryAtMs - nowMs)}` : '';
  const head = `${formatEndState(current.state)} for ${formatDuration(nowMs - current.sinceMs)}${retryText}`;
  const rows = steps.slice(1, 5).map((step, index) => {
    const until = steps[index]?.sinceMs ?? nowMs;
    const text = `${formatEndState(step.state)}, ${formatDuration(until - step.sinceMs)}${step.reason === '' ? '' : `: ${step.reason}`}`;
    return element('li', {}, text);
  });
  const reason = current.reason === '' ? [] : [element('p', { className: 'reason' }, current.reason)];
  const state = element('p', {}, element('strong', {}, server), ` ${head}`);
  return element('section', { className: 'end' }, state, ...reason, element('ol', {}, ...rows));
}
