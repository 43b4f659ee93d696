import { distanceKm } from '../map/circle.js';
import { element, part, write } from '../dom.js';
import type { Herd } from '../data/herd.js';
import { near, type Note } from './near.js';
import type { Found, Nearby, Selection } from './selection.js';
import { counted, kilometres } from '../data/format.js';

/** Where what is asked goes, and where the map shall go. */
interface NearLinks {
  /** The server that is asked. */
  readonly speaker: () => string;
  readonly goTo: (position: NonNullable<Nearby['position']>) => void;
  readonly goToFound: (circle: NonNullable<Found['circle']>, things: readonly Nearby[]) => void;
}

/** What is near the picked client, as the upstream tells the server that is asked. */
export class NearPanel {
  private readonly form = part('near', HTMLFormElement);
  private readonly radius = part('near-radius', HTMLInputElement);
  private readonly count = part('near-count', HTMLInputElement);
  private readonly status = part('near-status', HTMLElement);
  private readonly notes = part('near-notes', HTMLElement);
  private readonly list = part('near-list', HTMLElement);
  private shown = -1;
  private client: string | undefined;
  private looked: Nearby | undefined;
  /** Questions so far: only the last one's answer is shown. */
  private asked = 0;

  constructor(
    private readonly herd: Herd,
    private readonly selection: Selection,
    private readonly links: NearLinks,
  ) {
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.ask();
    });
  }

  paint(): void {
    const server = this.herd.server(this.links.speaker());
    if (server !== undefined) this.count.max = String(server.countMax);
    if (this.shown === this.selection.version) return;
    this.shown = this.selection.version;
    const { client, looked } = this.selection;
    this.form.hidden = client === undefined;
    if (client !== this.client) {
      this.client = client;
      this.show({ things: [], circle: undefined }, [], '');
    }
    if (looked !== this.looked) this.lookAt(looked);
  }

  private async ask(): Promise<void> {
    const { client } = this.selection;
    const server = this.herd.server(this.links.speaker());
    if (client === undefined || server === undefined) return;
    const asked = (this.asked += 1);
    const isLast = () => asked === this.asked && this.selection.client === client;
    const radiusKm = this.radius.valueAsNumber;
    const command = `WHATSAT ${client} ${this.radius.value} ${this.count.value}`;
    write(this.status, `Asking ${server.name} …`);
    try {
      const { things, centre, notes } = await near(server.url, command);
      if (!isLast()) return;
      const found = { things, circle: centre === undefined ? undefined : { centre, radiusKm } };
      this.selection.find(found);
      this.show(found, notes, `${counted(things.length, 'answer')} to ${command}, asked of ${server.name}.`);
      if (found.circle !== undefined) this.links.goToFound(found.circle, things);
    } catch (error) {
      if (isLast()) write(this.status, `${server.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  private show(found: Found, notes: readonly Note[], status: string): void {
    write(this.status, status);
    this.notes.replaceChildren(...notes.map(noteView));
    this.list.replaceChildren(...found.things.map((thing, at) => this.row(thing, at, found)));
  }

  private row(thing: Nearby, at: number, { circle }: Found): HTMLElement {
    const { position } = thing;
    const pin = element('span', { className: position === undefined ? 'pin nowhere' : 'pin' }, String(at + 1));
    const far = circle === undefined || position === undefined ? '' : kilometres(distanceKm(circle.centre, position));
    const title = element('strong', {}, thing.title);
    const head = element('span', { className: 'head' }, title, element('span', { className: 'far' }, far));
    const words = element('span', { className: 'words' }, head, element('span', { className: 'text' }, thing.text));
    const button = element('button', { type: 'button', className: 'row' }, pin, words);
    for (const kind of ['pointerenter', 'focus']) button.addEventListener(kind, () => this.selection.look(thing));
    button.addEventListener('click', () => {
      if (this.selection.following) this.selection.follow(false);
      this.selection.look(thing);
      if (position !== undefined) this.links.goTo(position);
    });
    return element('li', {}, button);
  }

  /** Marks in the list what the reader looks at on the map, and brings it into sight there; the page stays where it is. */
  private lookAt(looked: Nearby | undefined): void {
    this.looked = looked;
    const at = looked === undefined ? -1 : this.selection.found.things.indexOf(looked);
    for (const [place, row] of [...this.list.children].entries()) {
      if (place === at) row.setAttribute('aria-current', 'true');
      else row.removeAttribute('aria-current');
    }
    const row = this.list.children[at]?.getBoundingClientRect();
    // On a large screen the panel scrolls, on a small one its list does.
    const scroller = this.list.scrollHeight > this.list.clientHeight ? this.list : this.list.closest('.card');
    if (row === undefined || scroller === null) return;
    const sight = scroller.getBoundingClientRect();
    scroller.scrollTop += Math.min(0, row.top - sight.top) + Math.max(0, row.bottom - sight.bottom);
  }
}

function noteView({ text, url }: Note): HTMLElement {
  if (url === undefined) return element('li', {}, text);
  return element('li', {}, element('a', { href: url, target: '_blank', rel: 'noopener noreferrer' }, text));
}
