import type { ServerId } from '../../protocol/place/ids.js';
import { supersedes, type Location } from '../../protocol/place/location.js';
import type { HerdView, Newest } from '../run/herd-view.js';
import type { Breach, Invariant } from './invariant.js';

/** Servers that reach each other hold the same location of every client, and their digests say so. */
export class Agreement implements Invariant {
  readonly name = 'agreement';

  async settled(view: HerdView, settledMs: number): Promise<Breach[]> {
    const breaches: Breach[] = [];
    for (const part of view.parts()) {
      const differing = await this.firstDifference(view, part, settledMs);
      if (differing !== undefined) breaches.push(differing);
      else if (!isChanging(view, settledMs)) breaches.push(...(await this.digestsThatDiffer(view, part)));
    }
    return breaches;
  }

  /** One client is enough: where many differ, they differ for one reason. */
  private async firstDifference(
    view: HerdView,
    part: readonly ServerId[],
    settledMs: number,
  ): Promise<Breach | undefined> {
    for (const client of view.newest.keys()) {
      const best = newestIn(view, part, client);
      if (best === undefined || isFresh(view.newest.get(client), settledMs) || !view.mustKeep(part, best)) continue;
      for (const server of part) {
        const held = await view.world.holds(server, client);
        if (held?.line === best.line) continue;
        const says = held === undefined ? 'nothing' : held.line;
        return { server, text: `${server} holds ${says}, where others that it reaches hold ${best.line}` };
      }
    }
    return undefined;
  }

  private async digestsThatDiffer(view: HerdView, part: readonly ServerId[]): Promise<Breach[]> {
    // Full stores agree about what is new.
    if (part.some((server) => view.hasForgotten(server))) return [];
    const [first] = part;
    const expected = first && (await view.world.digest(first));
    const breaches: Breach[] = [];
    for (const server of part) {
      const digest = await view.world.digest(server);
      if (digest === expected) continue;
      breaches.push({
        server,
        text: `the digest of ${server} differs from that of ${first ?? ''}, and their clients do not`,
      });
    }
    return breaches;
  }
}

/** The newest location that any of these servers is seen to hold of a client. */
export function newestIn(view: HerdView, part: readonly ServerId[], client: Location['client']): Location | undefined {
  let best: Location | undefined;
  for (const server of part) {
    const location = view.held.get(server)?.get(client)?.location;
    if (location !== undefined && (best === undefined || supersedes(location, best))) best = location;
  }
  return best;
}

/** Whether a location may still be on its way. */
export function isFresh(newest: Newest | undefined, settledMs: number): boolean {
  return newest !== undefined && newest.sinceMs > settledMs;
}

function isChanging(view: HerdView, settledMs: number): boolean {
  for (const newest of view.newest.values()) if (isFresh(newest, settledMs)) return true;
  return false;
}
