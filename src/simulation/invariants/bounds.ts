import type { StoreLimits } from '../../actors/ports/limits.js';
import type { HerdView } from '../run/herd-view.js';
import type { Invariant, Violation } from './invariant.js';

/**
 * Maximum bytes in flight in one connection: what a server writes before its output buffer is full, what both operating systems
 * buffer, and one page of a catch-up that was under way then.
 */
const maxInFlightBytes = 1_000_000;

/** Queues and stores stay within their limits. */
export class Bounds implements Invariant {
  readonly name = 'bounds';

  constructor(private readonly limits: StoreLimits) {}

  checkPeriodically(view: HerdView): Violation[] {
    const violations: Violation[] = [];
    for (const server of view.runningServers) {
      const { maxClients, maxStoreBytes } = this.limits;
      const clients = view.stored.get(server)?.size ?? 0;
      if (clients > maxClients) {
        violations.push({ server, text: `${server} stores ${clients} clients (limit ${maxClients})` });
      }
      const storedBytes = view.storedBytes.get(server) ?? 0;
      if (storedBytes > maxStoreBytes) {
        violations.push({
          server,
          text: `${server} stores ${storedBytes} bytes of locations (limit ${maxStoreBytes})`,
        });
      }
      const bytes = view.environment.readLoad(server)?.inFlightBytes ?? 0;
      if (bytes > maxInFlightBytes) {
        violations.push({
          server,
          text: `${server} has ${bytes} bytes in flight in one connection (limit ${maxInFlightBytes})`,
        });
      }
    }
    return violations;
  }
}
