import { receivedAtMs } from '../data/at-line.js';
import { element, byId, setText } from '../dom.js';
import type { Herd } from '../data/herd.js';
import type { Locations } from '../data/locations.js';
import { serverColour } from '../palette.js';
import type { Selection } from '../data/selection.js';
import { formatCount, formatDuration } from '../data/format.js';

/** Maximum number of search results. */
const maxResults = 8;

/** Minimum interval between two updates, in milliseconds. */
const paintIntervalMs = 200;

/** Client search and the selected client: its newest AT line, and the servers that have it. */
export class ClientPanel {
  private readonly search = byId('search', HTMLInputElement);
  private readonly results = byId('search-results', HTMLElement);
  private readonly card = byId('client', HTMLElement);
  private readonly follow = byId('follow', HTMLInputElement);
  private paintedMs = -Infinity;
  private shownVersion = -1;

  constructor(
    private readonly herd: Herd,
    private readonly locations: Locations,
    private readonly selection: Selection,
    private readonly goToSelected: () => void,
  ) {
    this.search.addEventListener('input', () => this.updateResults());
    byId('search-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      this.results.querySelector('button')?.click();
    });
    this.search.addEventListener('keydown', (event) => event.key === 'Escape' && this.clear());
    this.follow.addEventListener('change', () => {
      selection.follow(this.follow.checked);
      if (this.follow.checked) goToSelected();
    });
    byId('clear-client', HTMLButtonElement).addEventListener('click', () => selection.selectClient(undefined));
  }

  paint(nowMs: number): void {
    if (nowMs - this.paintedMs < paintIntervalMs && this.shownVersion === this.selection.version) return;
    this.paintedMs = nowMs;
    this.shownVersion = this.selection.version;
    const { client, following } = this.selection;
    const clientIndex = client === undefined ? undefined : this.locations.indexOf(client);
    this.card.hidden = clientIndex === undefined;
    byId('client-tools', HTMLElement).hidden = clientIndex === undefined;
    byId('no-client', HTMLElement).hidden = clientIndex !== undefined;
    setText(byId('client-name', HTMLElement), clientIndex === undefined ? '' : (client ?? ''));
    if (clientIndex === undefined) return;
    this.follow.checked = following;
    setText(byId('client-line', HTMLElement), this.locations.lines[clientIndex] ?? '');
    const ago = formatDuration(Date.now() - receivedAtMs(this.locations.lines[clientIndex] ?? ''));
    const firstServer = this.herd.serverList[this.locations.firstServers[clientIndex] ?? 0]?.name ?? '';
    setText(byId('client-age', HTMLElement), `Received by ${firstServer} ${ago} ago`);
    this.showHolders(clientIndex);
  }

  private showHolders(clientIndex: number): void {
    const holders = this.herd.serverList.filter(({ index }) => this.locations.holds(index, clientIndex));
    const list = byId('client-holders', HTMLElement);
    if (list.childElementCount !== this.herd.servers.size) {
      list.replaceChildren(
        ...this.herd.serverList.map(({ name, index }) => {
          const item = element('li', {}, name);
          item.style.setProperty('--own', `var(--${serverColour(index)})`);
          return item;
        }),
      );
    }
    for (const [index, item] of [...list.children].entries()) {
      const holds = holders.some((holder) => holder.index === index);
      item.classList.toggle('holds', holds);
      item.setAttribute(
        'aria-label',
        `${this.herd.serverList[index]?.name ?? ''}: ${holds ? 'up to date' : 'missing'}`,
      );
    }
    setText(
      byId('client-holder-count', HTMLElement),
      `On ${holders.length} of ${formatCount(this.herd.servers.size, 'server')}`,
    );
  }

  private updateResults(): void {
    const query = this.search.value.trim().toLowerCase();
    const clients: string[] = [];
    if (query !== '') {
      for (const client of this.locations.clients) {
        if (clients.length === maxResults) break;
        if (client.toLowerCase().includes(query)) clients.push(client);
      }
    }
    this.results.replaceChildren(...clients.map((client) => this.resultItem(client)));
    if (query !== '' && clients.length === 0) this.results.append(element('li', {}, 'No matching client.'));
  }

  private resultItem(client: string): HTMLElement {
    const button = element('button', { type: 'button' }, client);
    button.addEventListener('click', () => {
      this.selection.selectClient(client);
      this.goToSelected();
      this.clear();
    });
    return element('li', {}, button);
  }

  private clear(): void {
    this.search.value = '';
    this.results.replaceChildren();
  }
}
