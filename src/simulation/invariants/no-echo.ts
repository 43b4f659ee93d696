import { asClientId, type ServerId } from '../../protocol/ids.js';
import type { HerdView } from '../run/herd-view.js';
import type { WorldEvent } from '../world.js';
import type { Breach, Invariant } from './invariant.js';

/** Where the server that first got a location stands in its line, after `AT `. */
const firstStart = 3;

/**
 * A new location is not sent back to the neighbour it came from, nor to the server that first got it. What a neighbour asks
 * for is another matter: while two compare what they hold, and for a client that it seeks, it is told what it may know.
 */
export class NoEcho implements Invariant {
  readonly name = 'no-echo';
  readonly sees = ['told'] as const;
  /** Neighbours that are being told what a comparison has shown: `Blake>Bryant`. */
  private readonly comparing = new Set<string>();
  private readonly sought = new Set<string>();

  see(event: WorldEvent, view: HerdView): Breach | undefined {
    if (event.kind !== 'told') return undefined;
    const { server, neighbour, line } = event;
    if (line.startsWith('AT ')) return this.seeLocation(server, neighbour, line, view);
    // Who says so has compared, and will be told what it lacks.
    if (line === 'COMPARED') this.comparing.add(`${neighbour}>${server}`);
    if (line === 'CAUGHT-UP') this.comparing.delete(`${server}>${neighbour}`);
    if (line.startsWith('SEEK ')) this.sought.add(`${neighbour}>${server} ${line.split(' ')[3] ?? ''}`);
    return undefined;
  }

  private seeLocation(server: ServerId, neighbour: ServerId, line: string, view: HerdView): Breach | undefined {
    const firstEnd = line.indexOf(' ', firstStart);
    const clientStart = line.indexOf(' ', firstEnd + 1) + 1;
    const client = line.slice(clientStart, line.indexOf(' ', clientStart));
    const held = view.held.get(server)?.get(asClientId(client));
    if (held === undefined || (held.from !== neighbour && !line.startsWith(`${neighbour} `, firstStart))) return;
    const [, first, , , , time] = line.split(' ');
    if (held.location.time !== time || held.location.server !== first) return undefined;
    const way = `${server}>${neighbour}`;
    if (this.comparing.has(way) || this.sought.has(`${way} ${client}`)) return undefined;
    return { server, text: `${server} sent ${line} back to ${neighbour}` };
  }
}
