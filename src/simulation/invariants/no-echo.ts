import { asClientId, type ServerId } from '../../protocol/place/ids.js';
import type { HerdView } from '../run/herd-view.js';
import type { WorldEvent } from '../environment.js';
import type { Breach, Invariant } from './invariant.js';

/** Where the server that first got a location stands in its line, after `AT `. */
const firstStart = 3;

/**
 * A new location is not sent back to the neighbour it came from. What a neighbour asks
 * for is another matter: while two compare what they hold, and for a client that it seeks, it is told what it may know.
 */
export class NoEcho implements Invariant {
  readonly name = 'no-echo';
  readonly sees = ['told', 'link'] as const;
  /** Comparisons of which a neighbour is yet to be told what they have shown, by link: `Blake>Bryant`. They may overlap. */
  private readonly comparing = new Map<string, number>();
  private readonly sought = new Set<string>();

  see(event: WorldEvent, view: HerdView): Breach | undefined {
    // What a wire that is gone has not brought, nobody waits for any more.
    if (event.kind === 'link' && event.state === 'catching-up')
      this.comparing.delete(`${event.server}>${event.neighbour}`);
    if (event.kind !== 'told') return undefined;
    const { server, neighbour, line } = event;
    if (line.startsWith('AT ')) return this.seeLocation(server, neighbour, line, view);
    // Who says so has compared, and will be told what it lacks.
    if (line === 'COMPARED') this.compares(`${neighbour}>${server}`, 1);
    if (line === 'CAUGHT-UP') this.compares(`${server}>${neighbour}`, -1);
    if (line.startsWith('SEEK ')) this.sought.add(`${neighbour}>${server} ${line.split(' ')[3] ?? ''}`);
    return undefined;
  }

  private compares(way: string, change: 1 | -1): void {
    this.comparing.set(way, Math.max(0, (this.comparing.get(way) ?? 0) + change));
  }

  private seeLocation(server: ServerId, neighbour: ServerId, line: string, view: HerdView): Breach | undefined {
    const firstEnd = line.indexOf(' ', firstStart);
    const clientStart = line.indexOf(' ', firstEnd + 1) + 1;
    const client = line.slice(clientStart, line.indexOf(' ', clientStart));
    const held = view.held.get(server)?.get(asClientId(client));
    if (held?.from !== neighbour) return undefined;
    const [, first, , , , time] = line.split(' ');
    if (held.location.time !== time || held.location.server !== first) return undefined;
    const way = `${server}>${neighbour}`;
    if ((this.comparing.get(way) ?? 0) > 0 || this.sought.has(`${way} ${client}`)) return undefined;
    return { server, text: `${server} sent ${line} back to ${neighbour}` };
  }
}
