import type { HerdView } from '../run/herd-view.js';
import type { Breach, Invariant } from './invariant.js';

/**
 * Bytes that one connection may have under way: what a wire takes before it has no room, what both systems keep of it, and a
 * page of a catch-up that was under way when the room ended.
 */
const underWayBytesMax = 1_000_000;

/** Queues and memory stay in their bounds. */
export class Bounds implements Invariant {
  readonly name = 'bounds';

  /** @param clientsMax clients whose location a server keeps */
  constructor(private readonly clientsMax: number) {}

  look(view: HerdView): Breach[] {
    const breaches: Breach[] = [];
    for (const server of view.up) {
      const clients = view.held.get(server)?.size ?? 0;
      if (clients > this.clientsMax) {
        breaches.push({ server, text: `${server} keeps ${clients} clients, of ${this.clientsMax} that it may` });
      }
      const bytes = view.world.load(server)?.underWayBytes ?? 0;
      if (bytes > underWayBytesMax) {
        breaches.push({ server, text: `${server} has ${bytes} bytes under way in one connection` });
      }
    }
    return breaches;
  }
}
