import type { HerdView } from '../run/herd-view.js';
import { isFresh, newestIn } from './agreement.js';
import type { Breach, Invariant } from './invariant.js';

/** The bucket holds, of every client, what the servers hold that reach the engine. */
export class BucketAgreement implements Invariant {
  readonly name = 'bucket-agreement';

  settled(view: HerdView, settledMs: number): Breach[] {
    const connected = view.reachable().map(([server]) => server);
    if (connected.length === 0) return [];
    for (const [client, newest] of view.newest) {
      if (isFresh(newest, settledMs)) continue;
      const stored = view.bucket.get(client);
      const best = newestIn(view, connected, client);
      const known = best ?? stored;
      if (known === undefined || !view.mustKeep(connected, known) || best?.line === stored?.line) continue;
      const text = `the bucket holds ${stored?.line ?? `nothing of ${client}`}, and the servers ${best?.line ?? 'nothing'}`;
      // One client is enough: where many differ, they differ for one reason.
      return [{ text }];
    }
    return [];
  }
}
