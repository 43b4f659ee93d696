import type { HerdView } from '../run/herd-view.js';
import { newestIn } from './agreement.js';
import type { Breach, Invariant } from './invariant.js';

/** A server that was restarted knows every client again that the servers it reaches know. */
export class Refilled implements Invariant {
  readonly name = 'refilled';

  async settled(view: HerdView, settledMs: number): Promise<Breach[]> {
    const breaches: Breach[] = [];
    for (const part of view.parts()) {
      for (const server of part) {
        const restartedMs = view.restartedMs.get(server);
        if (restartedMs === undefined || restartedMs > settledMs) continue;
        const missing: string[] = [];
        for (const [client, { sinceMs }] of view.newest) {
          const known = newestIn(view, part, client);
          if (sinceMs > settledMs || known === undefined || !view.mustKeep(part, known)) continue;
          if ((await view.world.holds(server, client)) === undefined) missing.push(client);
        }
        const [first] = missing;
        if (first === undefined) continue;
        breaches.push({
          server,
          text: `${server} was restarted, and lacks ${missing.length} clients, ${first} among them`,
        });
      }
    }
    return breaches;
  }
}
