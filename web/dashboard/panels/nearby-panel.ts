import { distanceKm } from '../data/circle.js';
import { element, byId, setText } from '../dom.js';
import type { Herd } from '../data/herd.js';
import { queryNearby, type Note } from './nearby.js';
import type { NearbyResults, NearbyPlace, Selection } from '../data/selection.js';
import { formatCount, formatKilometres } from '../data/format.js';

/** Callbacks of the panel. */
interface NearbyPanelOptions {
  /** Name of the server that receives the query. */
  readonly selectedServer: () => string;
  readonly goTo: (position: NonNullable<NearbyPlace['position']>) => void;
  readonly goToResults: (circle: NonNullable<NearbyResults['circle']>, places: readonly NearbyPlace[]) => void;
}

/** Search around the selected client with WHATSAT. */
export class NearbyPanel {
  private readonly form = byId('nearby-form', HTMLFormElement);
  private readonly radius = byId('nearby-radius', HTMLInputElement);
  private readonly count = byId('nearby-count', HTMLInputElement);
  private readonly status = byId('nearby-status', HTMLElement);
  private readonly notes = byId('nearby-notes', HTMLElement);
  private readonly list = byId('nearby-list', HTMLElement);
  private shownVersion = -1;
  private client: string | undefined;
  private highlighted: NearbyPlace | undefined;
  /** Number of requests sent. Only the response to the last one is shown. */
  private requests = 0;

  constructor(
    private readonly herd: Herd,
    private readonly selection: Selection,
    private readonly options: NearbyPanelOptions,
  ) {
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.query();
    });
  }

  paint(): void {
    const server = this.herd.server(this.options.selectedServer());
    if (server !== undefined) this.count.max = String(server.maxCount);
    if (this.shownVersion === this.selection.version) return;
    this.shownVersion = this.selection.version;
    const { client, highlighted } = this.selection;
    this.form.hidden = client === undefined;
    if (client !== this.client) {
      this.client = client;
      this.show({ places: [], circle: undefined }, [], '');
    }
    if (highlighted !== this.highlighted) this.highlightRow(highlighted);
  }

  private async query(): Promise<void> {
    const { client } = this.selection;
    const server = this.herd.server(this.options.selectedServer());
    if (client === undefined || server === undefined) return;
    const request = (this.requests += 1);
    const isLatest = () => request === this.requests && this.selection.client === client;
    const radiusKm = this.radius.valueAsNumber;
    const command = `WHATSAT ${client} ${this.radius.value} ${this.count.value}`;
    setText(this.status, `Querying ${server.name} …`);
    try {
      const { places, centre, notes } = await queryNearby(server.url, command);
      if (!isLatest()) return;
      const results = { places, circle: centre === undefined ? undefined : { centre, radiusKm } };
      this.selection.setResults(results);
      this.show(results, notes, `${formatCount(places.length, 'result')} from ${server.name} (${command})`);
      if (results.circle !== undefined) this.options.goToResults(results.circle, places);
    } catch (error) {
      if (isLatest()) setText(this.status, `${server.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  private show(results: NearbyResults, notes: readonly Note[], status: string): void {
    setText(this.status, status);
    this.notes.replaceChildren(...notes.map(renderNote));
    this.list.replaceChildren(...results.places.map((place, index) => this.row(place, index, results)));
  }

  private row(place: NearbyPlace, index: number, { circle }: NearbyResults): HTMLElement {
    const { position } = place;
    const pin = element('span', { className: position === undefined ? 'pin unplaced' : 'pin' }, String(index + 1));
    const distance =
      circle === undefined || position === undefined ? '' : formatKilometres(distanceKm(circle.centre, position));
    const title = element('strong', {}, place.title);
    const head = element('span', { className: 'head' }, title, element('span', { className: 'distance' }, distance));
    const body = element('span', { className: 'label' }, head, element('span', { className: 'text' }, place.text));
    const button = element('button', { type: 'button', className: 'row' }, pin, body);
    for (const kind of ['pointerenter', 'focus']) button.addEventListener(kind, () => this.selection.highlight(place));
    button.addEventListener('click', () => {
      if (this.selection.following) this.selection.follow(false);
      this.selection.highlight(place);
      if (position !== undefined) this.options.goTo(position);
    });
    return element('li', {}, button);
  }

  /** Marks the row of the highlighted result and scrolls it into view, without scrolling the page. */
  private highlightRow(highlighted: NearbyPlace | undefined): void {
    this.highlighted = highlighted;
    const index = highlighted === undefined ? -1 : this.selection.results.places.indexOf(highlighted);
    for (const [rowIndex, row] of [...this.list.children].entries()) {
      if (rowIndex === index) row.setAttribute('aria-current', 'true');
      else row.removeAttribute('aria-current');
    }
    const row = this.list.children[index]?.getBoundingClientRect();
    // On a large screen the panel scrolls, on a small one the list.
    const scroller = this.list.scrollHeight > this.list.clientHeight ? this.list : this.list.closest('.card');
    if (row === undefined || scroller === null) return;
    const visibleArea = scroller.getBoundingClientRect();
    scroller.scrollTop += Math.min(0, row.top - visibleArea.top) + Math.max(0, row.bottom - visibleArea.bottom);
  }
}

function renderNote({ text, url }: Note): HTMLElement {
  if (url === undefined) return element('li', {}, text);
  return element('li', {}, element('a', { href: url, target: '_blank', rel: 'noopener noreferrer' }, text));
}
