import type { HerdView } from '../run/herd-view.js';
import { newestIn } from './agreement.js';
import type { Invariant, Violation } from './invariant.js';

/** A restarted server knows every client that the servers it can reach know. */
export class RestartCatchUp implements Invariant {
  readonly name = 'restart-catch-up';

  async checkConverged(view: HerdView, settledMs: number): Promise<Violation[]> {
    const violations: Violation[] = [];
    for (const component of view.reachableComponents()) {
      for (const server of component) {
        const restartedMs = view.restartedMs.get(server);
        if (restartedMs === undefined || restartedMs > settledMs) continue;
        const missing: string[] = [];
        for (const [client, { sinceMs }] of view.newest) {
          const known = newestIn(view, component, client);
          if (sinceMs > settledMs || known === undefined || !view.mustHold(component, known)) continue;
          if ((await view.environment.readLocation(server, client)) === undefined) missing.push(client);
        }
        const [first] = missing;
        if (first === undefined) continue;
        violations.push({
          server,
          text: `${server} restarted and lacks ${missing.length} clients, e.g. ${first}`,
        });
      }
    }
    return violations;
  }
}
