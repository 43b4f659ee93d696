import { supersedes } from '../../protocol/place/location.js';
import type { HerdView } from '../run/herd-view.js';
import type { WorldEvent } from '../environment.js';
import type { Breach, Invariant } from './invariant.js';

/** What the bucket holds of a client only ever goes on in the order of locations, until it is wiped; nothing is written twice. */
export class BucketNeverBack implements Invariant {
  readonly name = 'bucket-never-back';
  readonly sees = ['stored'] as const;

  see(event: WorldEvent, view: HerdView): Breach | undefined {
    // Revisions begin anew in a bucket that is made anew: a write of before may fit. It is mended, which `bucket-agreement` sees.
    if (event.kind !== 'stored' || event.into === 'a later bucket') return undefined;
    const { server, location } = event;
    const held = view.bucket.get(location.client);
    if (held === undefined || supersedes(location, held)) return undefined;
    return { server, text: `the bucket held ${held.line}, and ${server} wrote ${location.line} over it` };
  }
}
