import { part, write } from '../dom.js';
import type { Herd } from '../data/herd.js';
import { clientsMax, type Locations } from '../data/locations.js';
import { Rate } from './rate.js';
import { counted, number } from '../data/format.js';

/** How often the head of the page is written, in milliseconds. */
const everyMs = 250;

/** The head of the page: how the herd is, in one line. */
export class Summary {
  private readonly rate = new Rate();
  private writtenMs = -Infinity;

  constructor(
    private readonly herd: Herd,
    private readonly locations: Locations,
  ) {}

  paint(nowMs: number): void {
    if (nowMs - this.writtenMs < everyMs) return;
    this.writtenMs = nowMs;
    const { herd, locations } = this;
    const heard = herd.list.filter(({ reach }) => reach === 'reached').length;
    write(part('herd-name', HTMLElement), herd.name);
    write(part('opened-on', HTMLElement), herd.openedOn === '' ? 'Calling …' : `Opened on ${herd.openedOn}`);
    if (herd.servers.size === 0) return;
    write(part('servers-up', HTMLElement), `${heard} of ${herd.servers.size}`);
    const links = [...herd.links.values()];
    const live = links.filter(({ ends }) => ends.every(({ now }) => now.state === 'live')).length;
    write(part('links-live', HTMLElement), `${live} of ${links.length}`);
    write(part('clients-known', HTMLElement), number(locations.count));
    write(part('updates-rate', HTMLElement), number(Math.round(this.rate.of(locations.updates, nowMs))));
    part('no-clients', HTMLElement).hidden = locations.count > 0 || heard === 0;
    const leftOut = part('left-out', HTMLElement);
    leftOut.hidden = locations.leftOut === 0;
    write(leftOut, `Only the first ${counted(clientsMax, 'client')} are drawn.`);
  }
}
