import { supersedes } from '../../protocol/place/location.js';
import type { HerdView } from '../run/herd-view.js';
import type { SimulationEvent } from '../environment.js';
import type { Invariant, Violation } from './invariant.js';

/** What the bucket holds of a client only ever goes on in the order of locations, until it is wiped; nothing is written twice. */
export class BucketMonotonic implements Invariant {
  readonly name = 'bucket-monotonic';
  readonly observedKinds = ['stored'] as const;

  onEvent(event: SimulationEvent, view: HerdView): Violation | undefined {
    // Revisions begin anew in a bucket that is made anew: a write of before may fit. It is mended, which `bucket-agreement` sees.
    if (event.kind !== 'stored' || event.into === 'a later bucket') return undefined;
    const { server, location } = event;
    const stored = view.bucket.get(location.client);
    if (stored === undefined || supersedes(location, stored)) return undefined;
    return { server, text: `the bucket held ${stored.line}, and ${server} wrote ${location.line} over it` };
  }
}
