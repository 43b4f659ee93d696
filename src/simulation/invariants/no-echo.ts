import { asClientId, type ServerId } from '../../protocol/place/ids.js';
import type { HerdView } from '../run/herd-view.js';
import type { SimulationEvent } from '../environment.js';
import type { Invariant, Violation } from './invariant.js';

/** Where the server that first got a location stands in its line, after `AT `. */
const originStart = 3;

/**
 * A new location is not sent back to the neighbour it came from. What a neighbour asks
 * for is another matter: while two compare what they hold, and for a client that it seeks, it is told what it may know.
 */
export class NoEcho implements Invariant {
  readonly name = 'no-echo';
  readonly observedKinds = ['line-sent', 'link'] as const;
  /** Comparisons of which a neighbour is yet to be told what they have shown, by link: `Blake>Bryant`. They may overlap. */
  private readonly pendingComparisons = new Map<string, number>();
  private readonly lookedUp = new Set<string>();

  onEvent(event: SimulationEvent, view: HerdView): Violation | undefined {
    // What a wire that is gone has not brought, nobody waits for any more.
    if (event.kind === 'link' && event.state === 'catching-up')
      this.pendingComparisons.delete(`${event.server}>${event.neighbour}`);
    if (event.kind !== 'line-sent') return undefined;
    const { server, neighbour, line } = event;
    if (line.startsWith('AT ')) return this.checkLocation(server, neighbour, line, view);
    // Who says so has compared, and will be told what it lacks.
    if (line === 'COMPARED') this.changePending(`${neighbour}>${server}`, 1);
    if (line === 'CAUGHT-UP') this.changePending(`${server}>${neighbour}`, -1);
    if (line.startsWith('SEEK ')) this.lookedUp.add(`${neighbour}>${server} ${line.split(' ')[3] ?? ''}`);
    return undefined;
  }

  private changePending(link: string, change: 1 | -1): void {
    this.pendingComparisons.set(link, Math.max(0, (this.pendingComparisons.get(link) ?? 0) + change));
  }

  private checkLocation(server: ServerId, neighbour: ServerId, line: string, view: HerdView): Violation | undefined {
    const originEnd = line.indexOf(' ', originStart);
    const clientStart = line.indexOf(' ', originEnd + 1) + 1;
    const client = line.slice(clientStart, line.indexOf(' ', clientStart));
    const stored = view.stored.get(server)?.get(asClientId(client));
    if (stored?.from !== neighbour) return undefined;
    const [, origin, , , , time] = line.split(' ');
    if (stored.location.time !== time || stored.location.server !== origin) return undefined;
    const link = `${server}>${neighbour}`;
    if ((this.pendingComparisons.get(link) ?? 0) > 0 || this.lookedUp.has(`${link} ${client}`)) return undefined;
    return { server, text: `${server} sent ${line} back to ${neighbour}` };
  }
}
