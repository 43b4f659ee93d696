import { element, byId, setText } from '../dom.js';
import { formatEvent, groupOf, groups } from '../data/format-event.js';
import type { ServerStreamEvent } from '../data/feed.js';
import type { Herd } from '../data/herd.js';
import { formatCount, formatTimeOfDay } from '../data/format.js';

/** Maximum number of events kept, and of events shown. */
const maxEntries = 500;
const maxShown = 100;

/** `learned` events from one source within this time are merged, in milliseconds: a flood causes thousands. */
const mergeWithinMs = 1_000;

/** Minimum interval between two updates of the list, in milliseconds. */
const renderIntervalMs = 250;

interface EventEntry {
  readonly event: ServerStreamEvent;
  readonly time: Date;
  readonly group: string;
  readonly text: string;
  readonly atMs: number;
  count: number;
}

/** Events of all servers, newest first, with filters. */
export class EventList {
  private entries: EventEntry[] = [];
  private readonly list = byId('events', HTMLElement);
  private readonly textFilter = byId('events-text', HTMLInputElement);
  private readonly serverFilter = byId('events-server', HTMLSelectElement);
  private readonly pauseButton = byId('events-pause', HTMLButtonElement);
  private readonly hiddenGroups = new Set<string>();
  private state: 'fresh' | 'changed' | 'paused' = 'fresh';
  private renderedMs = -Infinity;
  private serverCount = 0;

  constructor(private readonly herd: Herd) {
    byId('events-kinds', HTMLElement).append(...Object.keys(groups).map((group) => this.groupButton(group)));
    for (const control of [this.textFilter, this.serverFilter]) control.addEventListener('input', () => this.render());
    this.pauseButton.addEventListener('click', () => {
      this.state = this.state === 'paused' ? 'changed' : 'paused';
      this.pauseButton.setAttribute('aria-pressed', String(this.state === 'paused'));
    });
  }

  add(event: ServerStreamEvent, nowMs: number): void {
    if (event.kind === 'learned' && this.mergeLearned(event, nowMs)) return;
    const group = groupOf(event.kind);
    const count = (event.data['locations'] as readonly unknown[] | undefined)?.length ?? 0;
    this.entries.push({ event, time: new Date(), group, text: formatEvent(event), atMs: nowMs, count });
    if (this.entries.length > maxEntries + 100) this.entries = this.entries.slice(-maxEntries);
    if (this.state === 'fresh') this.state = 'changed';
  }

  paint(nowMs: number): void {
    if (this.serverCount !== this.herd.servers.size) {
      for (const { name } of this.herd.serverList.slice(this.serverCount))
        this.serverFilter.append(element('option', { value: name }, name));
      this.serverCount = this.herd.servers.size;
    }
    if (this.state !== 'changed' || nowMs - this.renderedMs < renderIntervalMs) return;
    this.renderedMs = nowMs;
    this.state = 'fresh';
    this.render();
  }

  /** Merges a `learned` event into a recent one; returns whether there was one. */
  private mergeLearned({ server, data }: ServerStreamEvent, nowMs: number): boolean {
    for (let index = this.entries.length - 1; index >= Math.max(0, this.entries.length - 20); index -= 1) {
      const entry = this.entries[index];
      if (entry === undefined || nowMs - entry.atMs > mergeWithinMs) return false;
      const { event } = entry;
      if (event.kind !== 'learned' || event.server !== server || event.data['from'] !== data['from']) continue;
      const count = entry.count + (data['locations'] as readonly unknown[]).length;
      this.entries[index] = { ...entry, count, text: formatEvent({ ...event, data: { ...event.data, count } }) };
      if (this.state === 'fresh') this.state = 'changed';
      return true;
    }
    return false;
  }

  private groupButton(group: string): HTMLElement {
    const button = element('button', { type: 'button', className: 'chip' }, group);
    button.setAttribute('aria-pressed', 'true');
    button.addEventListener('click', () => {
      if (!this.hiddenGroups.delete(group)) this.hiddenGroups.add(group);
      button.setAttribute('aria-pressed', String(!this.hiddenGroups.has(group)));
      this.render();
    });
    return button;
  }

  private render(): void {
    const query = this.textFilter.value.trim().toLowerCase();
    const visible = this.entries.filter(
      ({ group, event, text }) =>
        !this.hiddenGroups.has(group) &&
        (this.serverFilter.value === '' || this.serverFilter.value === event.server) &&
        (query === '' || text.toLowerCase().includes(query)),
    );
    const rows = visible.slice(-maxShown).reverse();
    this.list.replaceChildren(
      ...rows.map(({ time, event, text, group }) => {
        const row = element(
          'li',
          {},
          element('time', {}, formatTimeOfDay(time)),
          element('strong', {}, event.server),
          ' ',
        );
        row.dataset['group'] = group;
        row.append(text);
        return row;
      }),
    );
    setText(byId('events-count', HTMLElement), formatCount(visible.length, 'event'));
  }
}
