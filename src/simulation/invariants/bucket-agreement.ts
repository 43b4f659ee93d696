import type { HerdView } from '../run/herd-view.js';
import { mayBeInTransit, newestIn } from './agreement.js';
import type { Invariant, Violation } from './invariant.js';

/** The bucket holds, for every client, what the servers connected to the broker store. */
export class BucketAgreement implements Invariant {
  readonly name = 'bucket-agreement';

  checkConverged(view: HerdView, settledMs: number): Violation[] {
    const connected = view.reachablePairs().map(([server]) => server);
    if (connected.length === 0) return [];
    for (const [client, newest] of view.newest) {
      if (mayBeInTransit(newest, settledMs)) continue;
      const stored = view.bucket.get(client);
      const newestHeld = newestIn(view, connected, client);
      const known = newestHeld ?? stored;
      if (known === undefined || !view.mustHold(connected, known) || newestHeld?.line === stored?.line) continue;
      const text = `the bucket holds ${stored?.line ?? `nothing for ${client}`}, but the servers store ${newestHeld?.line ?? 'nothing'}`;
      // The first difference is enough: many differences usually have one cause.
      return [{ text }];
    }
    return [];
  }
}
