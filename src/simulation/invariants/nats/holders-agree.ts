import type { ClientId, ServerId } from '../../../protocol/place/ids.js';
import { supersedes, type Location } from '../../../protocol/place/location.js';
import type { HerdView } from '../../run/herd-view.js';
import type { Invariant, Violation } from '../invariant.js';
import { mayBeInTransit } from '../agreement.js';

/** Bytes of a partition's hash in a digest. */
const hashBytes = 8;

/**
 * In a herd on NATS, complete holders of a partition that reach each other store the same location of each of its clients, and their
 * hashes of the partition are equal.
 */
export class HoldersAgree implements Invariant {
  readonly name = 'holders-agree';

  async checkConverged(view: HerdView, settledMs: number): Promise<Violation[]> {
    const violations: Violation[] = [];
    for (const component of view.reachableComponents()) {
      const violation =
        (await this.firstDifference(view, component, settledMs)) ??
        (await this.firstDigestDifference(view, component, settledMs));
      if (violation !== undefined) violations.push(violation);
    }
    return violations;
  }

  /** Returns the first difference only: many differences usually have one cause. */
  private async firstDifference(
    view: HerdView,
    component: readonly ServerId[],
    settledMs: number,
  ): Promise<Violation | undefined> {
    for (const [client, newest] of view.newest) {
      if (mayBeInTransit(newest, settledMs)) continue;
      const holders = holdersIn(component, view.partitionOf(client), view);
      const stored = await readAll(view, holders, client);
      const expected = newestOf(stored);
      // Full stores agree only about what is new.
      if (expected === undefined || !view.mustHold(holders, expected)) continue;
      for (const [index, server] of holders.entries()) {
        const actual = stored[index];
        if (actual?.line === expected.line) continue;
        const text = `${server} stores ${actual?.line ?? 'nothing'}, but another complete holder stores ${expected.line}`;
        return { server, text };
      }
    }
    return undefined;
  }

  private async firstDigestDifference(
    view: HerdView,
    component: readonly ServerId[],
    settledMs: number,
  ): Promise<Violation | undefined> {
    const partitions = new Set<number>();
    for (const [client, newest] of view.newest) {
      if (mayBeInTransit(newest, settledMs)) return undefined;
      partitions.add(view.partitionOf(client));
    }
    const digests = new Map<ServerId, Buffer>();
    for (const server of component) {
      const digest = await view.environment.readDigest(server);
      if (digest === undefined || view.hasEvicted(server)) return undefined;
      digests.set(server, Buffer.from(digest, 'base64url'));
    }
    for (const partition of partitions) {
      const hashOf = (server: ServerId) =>
        digests.get(server)?.toString('hex', partition * hashBytes, (partition + 1) * hashBytes);
      const [first, ...others] = holdersIn(component, partition, view);
      const differing = others.find((server) => first !== undefined && hashOf(server) !== hashOf(first));
      if (differing === undefined) continue;
      const text = `the hashes of partition ${partition} of ${differing} and ${first ?? ''} differ, but their locations do not`;
      return { server: differing, text };
    }
    return undefined;
  }
}

function holdersIn(component: readonly ServerId[], partition: number, view: HerdView): ServerId[] {
  return component.filter((server) => view.partitionState(server, partition) === 'complete');
}

function readAll(view: HerdView, servers: readonly ServerId[], client: ClientId): Promise<(Location | undefined)[]> {
  return Promise.all(servers.map((server) => view.environment.readLocation(server, client)));
}

function newestOf(locations: readonly (Location | undefined)[]): Location | undefined {
  let newest: Location | undefined;
  for (const location of locations)
    if (location !== undefined && (newest === undefined || supersedes(location, newest))) newest = location;
  return newest;
}
