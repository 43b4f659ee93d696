import { byId, setText } from '../dom.js';
import type { Herd } from '../data/herd.js';
import { maxClients, type Locations } from '../data/locations.js';
import { Rate } from './rate.js';
import { formatCount, formatNumber } from '../data/format.js';

/** Minimum interval between two updates, in milliseconds. */
const renderIntervalMs = 250;

/** Header of the page: key figures of the herd. */
export class Summary {
  private readonly rate = new Rate();
  private renderedMs = -Infinity;

  constructor(
    private readonly herd: Herd,
    private readonly locations: Locations,
  ) {}

  paint(nowMs: number): void {
    if (nowMs - this.renderedMs < renderIntervalMs) return;
    this.renderedMs = nowMs;
    const { herd, locations } = this;
    const connected = herd.serverList.filter(({ reach }) => reach === 'connected').length;
    setText(byId('herd-name', HTMLElement), herd.name);
    setText(byId('opened-on', HTMLElement), herd.openedOn === '' ? 'Connecting …' : `Opened on ${herd.openedOn}`);
    if (herd.servers.size === 0) return;
    setText(byId('servers-up', HTMLElement), `${connected} of ${herd.servers.size}`);
    const links = [...herd.links.values()];
    const live = links.filter(({ ends }) => ends.every(({ current }) => current.state === 'live')).length;
    setText(byId('links-live', HTMLElement), `${live} of ${links.length}`);
    setText(byId('clients-known', HTMLElement), formatNumber(locations.count));
    setText(byId('updates-rate', HTMLElement), formatNumber(Math.round(this.rate.update(locations.updates, nowMs))));
    byId('no-clients', HTMLElement).hidden = locations.count > 0 || connected === 0;
    const omittedNote = byId('omitted-clients', HTMLElement);
    omittedNote.hidden = locations.omitted === 0;
    setText(omittedNote, `Only the first ${formatCount(maxClients, 'client')} are drawn.`);
  }
}
