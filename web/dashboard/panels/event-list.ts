import { element, part, write } from '../dom.js';
import { eventWords, groupOf, groups } from '../data/format-event.js';
import type { Happening } from '../data/feed.js';
import type { Herd } from '../data/herd.js';
import { counted, timeOfDay } from '../data/format.js';

/** How many events are kept, and how many of them are shown. */
const keptMax = 500;
const shownMax = 100;

/** What a server learns of one neighbour within this time is one event, in milliseconds: floods are of thousands. */
const gatherMs = 1_000;

/** How often the list is written, in milliseconds. */
const everyMs = 250;

interface Kept {
  readonly happening: Happening;
  readonly at: Date;
  readonly group: string;
  readonly words: string;
  readonly atMs: number;
  count: number;
}

/** The stream of what happens in all servers, with filters. */
export class EventList {
  private kept: Kept[] = [];
  private readonly list = part('events', HTMLElement);
  private readonly words = part('events-words', HTMLInputElement);
  private readonly choice = part('events-server', HTMLSelectElement);
  private readonly pause = part('events-pause', HTMLButtonElement);
  private readonly off = new Set<string>();
  private state: 'fresh' | 'changed' | 'paused' = 'fresh';
  private writtenMs = -Infinity;
  private servers = 0;

  constructor(private readonly herd: Herd) {
    part('events-kinds', HTMLElement).append(...Object.keys(groups).map((group) => this.filter(group)));
    for (const control of [this.words, this.choice]) control.addEventListener('input', () => this.write());
    this.pause.addEventListener('click', () => {
      this.state = this.state === 'paused' ? 'changed' : 'paused';
      this.pause.setAttribute('aria-pressed', String(this.state === 'paused'));
    });
  }

  add(happening: Happening, nowMs: number): void {
    if (happening.kind === 'learned' && this.gathered(happening, nowMs)) return;
    const group = groupOf(happening.kind);
    const count = (happening.data['locations'] as readonly unknown[] | undefined)?.length ?? 0;
    this.kept.push({ happening, at: new Date(), group, words: eventWords(happening), atMs: nowMs, count });
    if (this.kept.length > keptMax + 100) this.kept = this.kept.slice(-keptMax);
    if (this.state === 'fresh') this.state = 'changed';
  }

  paint(nowMs: number): void {
    if (this.servers !== this.herd.servers.size) {
      for (const { name } of this.herd.list.slice(this.servers))
        this.choice.append(element('option', { value: name }, name));
      this.servers = this.herd.servers.size;
    }
    if (this.state !== 'changed' || nowMs - this.writtenMs < everyMs) return;
    this.writtenMs = nowMs;
    this.state = 'fresh';
    this.write();
  }

  /** Adds what was learned to what was learned a moment ago. */
  private gathered({ server, data }: Happening, nowMs: number): boolean {
    for (let at = this.kept.length - 1; at >= Math.max(0, this.kept.length - 20); at -= 1) {
      const kept = this.kept[at];
      if (kept === undefined || nowMs - kept.atMs > gatherMs) return false;
      const { happening } = kept;
      if (happening.kind !== 'learned' || happening.server !== server || happening.data['from'] !== data['from'])
        continue;
      const count = kept.count + (data['locations'] as readonly unknown[]).length;
      this.kept[at] = { ...kept, count, words: eventWords({ ...happening, data: { ...happening.data, count } }) };
      if (this.state === 'fresh') this.state = 'changed';
      return true;
    }
    return false;
  }

  private filter(group: string): HTMLElement {
    const button = element('button', { type: 'button', className: 'chip' }, group);
    button.setAttribute('aria-pressed', 'true');
    button.addEventListener('click', () => {
      if (!this.off.delete(group)) this.off.add(group);
      button.setAttribute('aria-pressed', String(!this.off.has(group)));
      this.write();
    });
    return button;
  }

  private write(): void {
    const sought = this.words.value.trim().toLowerCase();
    const shown = this.kept.filter(
      ({ group, happening, words }) =>
        !this.off.has(group) &&
        (this.choice.value === '' || this.choice.value === happening.server) &&
        (sought === '' || words.toLowerCase().includes(sought)),
    );
    const rows = shown.slice(-shownMax).reverse();
    this.list.replaceChildren(
      ...rows.map(({ at, happening, words, group }) => {
        const row = element('li', {}, element('time', {}, timeOfDay(at)), element('strong', {}, happening.server), ' ');
        row.dataset['group'] = group;
        row.append(words);
        return row;
      }),
    );
    write(part('events-count', HTMLElement), counted(shown.length, 'event'));
  }
}
