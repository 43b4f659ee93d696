import { asClientId, type ServerId } from '../../protocol/place/ids.js';
import type { HerdView } from '../run/herd-view.js';
import type { SimulationEvent } from '../environment.js';
import type { Invariant, Violation } from './invariant.js';

/** Offset of the origin server in an AT line, after `AT `. */
const originStart = 3;

/**
 * A new location is not sent back to the neighbour it came from. Exempt is what a neighbour requests: during a comparison, and
 * for a client that it looks up, it may receive what it knows.
 */
export class NoEcho implements Invariant {
  readonly name = 'no-echo';
  readonly observedKinds = ['line-sent', 'link'] as const;
  /** Comparisons whose results a neighbour has not received yet, by link (`Blake>Bryant`). They may overlap. */
  private readonly pendingComparisons = new Map<string, number>();
  private readonly lookedUp = new Set<string>();

  onEvent(event: SimulationEvent, view: HerdView): Violation | undefined {
    // Results in transit on a broken connection never arrive.
    if (event.kind === 'link' && event.state === 'catching-up')
      this.pendingComparisons.delete(`${event.server}>${event.neighbour}`);
    if (event.kind !== 'line-sent') return undefined;
    const { server, neighbour, line } = event;
    if (line.startsWith('AT ')) return this.checkLocation(server, neighbour, line, view);
    // The sender has compared and will receive what it lacks.
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
