import { element, part, write } from './element.js';
import type { Herd } from './herd.js';
import { near } from './near.js';
import type { Nearby, Selection } from './selection.js';
import { counted } from './words.js';

/** What is near the picked client, as the upstream tells the server that is asked. */
export class NearPanel {
  private readonly form = part('near', HTMLFormElement);
  private readonly radius = part('near-radius', HTMLInputElement);
  private readonly count = part('near-count', HTMLInputElement);
  private readonly status = part('near-status', HTMLElement);
  private readonly list = part('near-list', HTMLElement);
  private shown = -1;

  constructor(
    private readonly herd: Herd,
    private readonly selection: Selection,
    /** The server that is asked. */
    private readonly speaker: () => string,
    private readonly goTo: (position: readonly [latitude: number, longitude: number]) => void,
  ) {
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.ask();
    });
  }

  paint(): void {
    if (this.shown === this.selection.version) return;
    this.shown = this.selection.version;
    const { client, nearby } = this.selection;
    this.form.hidden = client === undefined;
    const stale = this.list.childElementCount !== nearby.length || this.list.dataset['client'] !== client;
    if (!stale) return;
    this.list.dataset['client'] = client ?? '';
    write(this.status, '');
    this.list.replaceChildren(...nearby.map((thing) => this.row(thing)));
  }

  private async ask(): Promise<void> {
    const { client } = this.selection;
    const server = this.herd.server(this.speaker());
    if (client === undefined || server === undefined) return;
    const command = `WHATSAT ${client} ${this.radius.value} ${this.count.value}`;
    write(this.status, `Asking ${server.name} …`);
    try {
      const { things } = await near(server.url, command);
      if (this.selection.client !== client) return;
      this.selection.find(things);
      this.list.replaceChildren(...things.map((thing) => this.row(thing)));
      write(this.status, `${counted(things.length, 'answer')} to ${command}, asked of ${server.name}.`);
    } catch (error) {
      write(this.status, `${server.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  private row(thing: Nearby): HTMLElement {
    const button = element('button', { type: 'button', className: 'row' });
    button.append(element('strong', {}, thing.title), element('span', {}, thing.text));
    button.addEventListener('click', () => {
      if (this.selection.following) this.selection.follow(false);
      this.selection.look(thing);
      if (thing.position !== undefined) this.goTo(thing.position);
    });
    return element('li', {}, button);
  }
}
