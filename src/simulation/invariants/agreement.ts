import type { ServerId } from '../../protocol/place/ids.js';
import { supersedes, type Location } from '../../protocol/place/location.js';
import type { HerdView, NewestLocation } from '../run/herd-view.js';
import type { Invariant, Violation } from './invariant.js';

/** Servers that reach each other store the same location of every client, and their digests are equal. */
export class Agreement implements Invariant {
  readonly name = 'agreement';

  async checkConverged(view: HerdView, settledMs: number): Promise<Violation[]> {
    const violations: Violation[] = [];
    for (const component of view.reachableComponents()) {
      const differing = await this.firstDifference(view, component, settledMs);
      if (differing !== undefined) violations.push(differing);
      else if (!hasLocationsInTransit(view, settledMs))
        violations.push(...(await this.differingDigests(view, component)));
    }
    return violations;
  }

  /** Returns the first difference only: many differences usually have one cause. */
  private async firstDifference(
    view: HerdView,
    component: readonly ServerId[],
    settledMs: number,
  ): Promise<Violation | undefined> {
    for (const client of view.newest.keys()) {
      const newest = newestIn(view, component, client);
      if (
        newest === undefined ||
        mayBeInTransit(view.newest.get(client), settledMs) ||
        !view.mustHold(component, newest)
      )
        continue;
      for (const server of component) {
        const stored = await view.environment.readLocation(server, client);
        if (stored?.line === newest.line) continue;
        const actual = stored === undefined ? 'nothing' : stored.line;
        return { server, text: `${server} stores ${actual}, but servers that it can reach store ${newest.line}` };
      }
    }
    return undefined;
  }

  private async differingDigests(view: HerdView, component: readonly ServerId[]): Promise<Violation[]> {
    // Full stores agree only about what is new.
    if (component.some((server) => view.hasEvicted(server))) return [];
    const [first] = component;
    const expected = first && (await view.environment.readDigest(first));
    const violations: Violation[] = [];
    for (const server of component) {
      const digest = await view.environment.readDigest(server);
      if (digest === expected) continue;
      violations.push({
        server,
        text: `the digests of ${server} and ${first ?? ''} differ, but their locations do not`,
      });
    }
    return violations;
  }
}

/** Returns the newest location of a client that any of these servers stores. */
export function newestIn(
  view: HerdView,
  servers: readonly ServerId[],
  client: Location['client'],
): Location | undefined {
  let newest: Location | undefined;
  for (const server of servers) {
    const location = view.stored.get(server)?.get(client)?.location;
    if (location !== undefined && (newest === undefined || supersedes(location, newest))) newest = location;
  }
  return newest;
}

/** Whether a location may still be in transit. */
export function mayBeInTransit(newest: NewestLocation | undefined, settledMs: number): boolean {
  return newest !== undefined && newest.sinceMs > settledMs;
}

function hasLocationsInTransit(view: HerdView, settledMs: number): boolean {
  for (const newest of view.newest.values()) if (mayBeInTransit(newest, settledMs)) return true;
  return false;
}
