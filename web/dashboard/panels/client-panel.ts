import { heardAtMs } from '../data/at-line.js';
import { element, part, write } from '../dom.js';
import type { Herd } from '../data/herd.js';
import type { Locations } from '../data/locations.js';
import { serverColour } from '../map/palette.js';
import type { Selection } from './selection.js';
import { counted, span } from '../data/format.js';

/** How many clients a search shows. */
const foundMax = 8;

/** How often the panel is looked over, in milliseconds. */
const everyMs = 200;

/** Search, and the picked client: its newest AT line, and which servers hold it. */
export class ClientPanel {
  private readonly search = part('search', HTMLInputElement);
  private readonly found = part('found', HTMLElement);
  private readonly card = part('client', HTMLElement);
  private readonly follow = part('follow', HTMLInputElement);
  private paintedMs = -Infinity;
  private shown = -1;

  constructor(
    private readonly herd: Herd,
    private readonly locations: Locations,
    private readonly selection: Selection,
    private readonly goToPicked: () => void,
  ) {
    this.search.addEventListener('input', () => this.find());
    part('search-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      this.found.querySelector('button')?.click();
    });
    this.search.addEventListener('keydown', (event) => event.key === 'Escape' && this.clear());
    this.follow.addEventListener('change', () => {
      selection.follow(this.follow.checked);
      if (this.follow.checked) goToPicked();
    });
    part('let-go', HTMLButtonElement).addEventListener('click', () => selection.pickClient(undefined));
  }

  paint(nowMs: number): void {
    if (nowMs - this.paintedMs < everyMs && this.shown === this.selection.version) return;
    this.paintedMs = nowMs;
    this.shown = this.selection.version;
    const { client, following } = this.selection;
    const at = client === undefined ? undefined : this.locations.indexOf(client);
    this.card.hidden = at === undefined;
    part('client-tools', HTMLElement).hidden = at === undefined;
    part('no-client', HTMLElement).hidden = at !== undefined;
    write(part('client-name', HTMLElement), at === undefined ? '' : (client ?? ''));
    if (at === undefined) return;
    this.follow.checked = following;
    write(part('client-line', HTMLElement), this.locations.lines[at] ?? '');
    const ago = span(Date.now() - heardAtMs(this.locations.lines[at] ?? ''));
    const first = this.herd.list[this.locations.firstServers[at] ?? 0]?.name ?? '';
    write(part('client-age', HTMLElement), `Heard by ${first} ${ago} ago`);
    this.showHolders(at);
  }

  private showHolders(at: number): void {
    const holders = this.herd.list.filter(({ index }) => this.locations.holds(index, at));
    const list = part('client-holders', HTMLElement);
    if (list.childElementCount !== this.herd.servers.size) {
      list.replaceChildren(
        ...this.herd.list.map(({ name, index }) => {
          const item = element('li', {}, name);
          item.style.setProperty('--own', `var(--${serverColour(index)})`);
          return item;
        }),
      );
    }
    for (const [index, item] of [...list.children].entries()) {
      const holds = holders.some((holder) => holder.index === index);
      item.classList.toggle('holds', holds);
      item.setAttribute('aria-label', `${this.herd.list[index]?.name ?? ''}: ${holds ? 'has it' : 'not yet'}`);
    }
    write(
      part('client-held', HTMLElement),
      `${holders.length} of ${counted(this.herd.servers.size, 'server')} hold it`,
    );
  }

  private find(): void {
    const sought = this.search.value.trim().toLowerCase();
    const clients: string[] = [];
    if (sought !== '') {
      for (const client of this.locations.clients) {
        if (clients.length === foundMax) break;
        if (client.toLowerCase().includes(sought)) clients.push(client);
      }
    }
    this.found.replaceChildren(...clients.map((client) => this.hit(client)));
    if (sought !== '' && clients.length === 0) this.found.append(element('li', {}, 'Nobody of that name.'));
  }

  private hit(client: string): HTMLElement {
    const button = element('button', { type: 'button' }, client);
    button.addEventListener('click', () => {
      this.selection.pickClient(client);
      this.goToPicked();
      this.clear();
    });
    return element('li', {}, button);
  }

  private clear(): void {
    this.search.value = '';
    this.found.replaceChildren();
  }
}
