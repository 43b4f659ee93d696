import type { StoreLimits } from '../../actors/ports/limits.js';
import { locationBytes } from '../../actors/store/location-bytes.js';
import type { HerdView, Held } from '../run/herd-view.js';
import type { Breach, Invariant } from './invariant.js';

/**
 * Bytes that one connection may have under way: what a wire takes before it has no room, what both systems keep of it, and a
 * page of a catch-up that was under way when the room ended.
 */
const underWayBytesMax = 1_000_000;

/** Questions and writes that one server may have under way to the engine: see docs/nats.md. */
const underWayAskedMax = 256;

/** Queues and memory stay in their bounds. */
export class Bounds implements Invariant {
  readonly name = 'bounds';

  constructor(private readonly limits: StoreLimits) {}

  look(view: HerdView): Breach[] {
    const breaches: Breach[] = [];
    for (const server of view.up) {
      const held = view.held.get(server);
      const { clientsMax, storeBytesMax } = this.limits;
      const clients = held?.size ?? 0;
      if (clients > clientsMax) {
        breaches.push({ server, text: `${server} keeps ${clients} clients, of ${clientsMax} that it may` });
      }
      const kept = bytesOf(held?.values() ?? []);
      if (kept > storeBytesMax) {
        breaches.push({ server, text: `${server} keeps ${kept} bytes of locations, of ${storeBytesMax} that it may` });
      }
      const { underWayBytes: bytes = 0, underWayAsked: asked = 0 } = view.world.load(server) ?? {};
      if (bytes > underWayBytesMax) {
        breaches.push({ server, text: `${server} has ${bytes} bytes under way in one connection` });
      }
      if (asked > underWayAskedMax) {
        breaches.push({ server, text: `${server} has asked the engine ${asked} things at once` });
      }
    }
    return breaches;
  }
}

function bytesOf(held: Iterable<Held>): number {
  let bytes = 0;
  for (const { location } of held) bytes += locationBytes(location);
  return bytes;
}
