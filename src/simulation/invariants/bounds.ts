import type { StoreLimits } from '../../actors/ports/limits.js';
import { locationBytes } from '../../actors/store/location-bytes.js';
import type { HerdView, StoredLocation } from '../run/herd-view.js';
import type { InvariantViolation, Invariant } from './invariant.js';

/**
 * Bytes that one connection may have under way: what a wire takes before it has no room, what both systems keep of it, and a
 * page of a catch-up that was under way when the room ended.
 */
const maxInFlightBytes = 1_000_000;

/** Questions and writes that one server may have under way to the broker: see docs/reference/limits.md. */
const maxPendingBrokerRequests = 256;

/** Queues and memory stay in their bounds. */
export class Bounds implements Invariant {
  readonly name = 'bounds';

  constructor(private readonly limits: StoreLimits) {}

  checkPeriodically(view: HerdView): InvariantViolation[] {
    const violations: InvariantViolation[] = [];
    for (const server of view.runningServers) {
      const stored = view.stored.get(server);
      const { maxClients, maxStoreBytes } = this.limits;
      const clients = stored?.size ?? 0;
      if (clients > maxClients) {
        violations.push({ server, text: `${server} keeps ${clients} clients, of ${maxClients} that it may` });
      }
      const storedBytes = totalBytes(stored?.values() ?? []);
      if (storedBytes > maxStoreBytes) {
        violations.push({
          server,
          text: `${server} keeps ${storedBytes} bytes of locations, of ${maxStoreBytes} that it may`,
        });
      }
      const { inFlightBytes: bytes = 0, pendingBrokerRequests: asked = 0 } = view.environment.readLoad(server) ?? {};
      if (bytes > maxInFlightBytes) {
        violations.push({ server, text: `${server} has ${bytes} bytes under way in one connection` });
      }
      if (asked > maxPendingBrokerRequests) {
        violations.push({ server, text: `${server} has asked the broker ${asked} things at once` });
      }
    }
    return violations;
  }
}

function totalBytes(locations: Iterable<StoredLocation>): number {
  let bytes = 0;
  for (const { location } of locations) bytes += locationBytes(location);
  return bytes;
}
