import { supersedes } from '../../protocol/place/location.js';
import type { HerdView } from '../run/herd-view.js';
import type { SimulationEvent } from '../environment.js';
import type { Invariant, Violation } from './invariant.js';

/** A client's entry in the bucket only gets newer until the bucket is wiped, and is not written twice. */
export class BucketMonotonic implements Invariant {
  readonly name = 'bucket-monotonic';
  readonly observedKinds = ['stored'] as const;

  onEvent(event: SimulationEvent, view: HerdView): Violation | undefined {
    // Revisions restart in a recreated bucket, so a delayed write may match one. `bucket-agreement` checks that this is
    // repaired.
    if (event.kind !== 'stored' || event.into === 'a later bucket') return undefined;
    const { server, location } = event;
    const stored = view.bucket.get(location.client);
    if (stored === undefined || supersedes(location, stored)) return undefined;
    return { server, text: `${server} replaced ${stored.line} in the bucket with ${location.line}` };
  }
}
