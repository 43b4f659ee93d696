import { parseBucketValue } from '../../../protocol/nats/bucket-value.js';
import { maxServerIdLength } from '../../../protocol/place/ids.js';
import type { Location } from '../../../protocol/place/location.js';
import { maxPeerLineBytes } from '../../../protocol/peer/peer-line.js';
import type { Bus } from '../../bus/bus.js';
import type { BucketEntry, LocationBucket } from '../../ports/location-bucket.js';

/** Reads what stands in a bucket, and warns once of each kind of thing that is no location of this herd's version. */
export class BucketReader {
  private readonly warned = new Set<string>();

  /** @param lineBytesMax the longest line of a client of this herd: what is longer could not be told to neighbours */
  constructor(
    private readonly bus: Bus,
    private readonly bucket: LocationBucket,
    private readonly lineBytesMax: number,
  ) {}

  /** The location in an entry; undefined if there is none that is understood. */
  locationIn({ key, value }: BucketEntry): Location | undefined {
    if (value === undefined) return undefined;
    if (value.length + maxServerIdLength + 1 > maxPeerLineBytes(this.lineBytesMax)) {
      this.warn('the bucket has locations that are longer than limits.maxLineBytes allows here, and that are ignored');
      return undefined;
    }
    const said = parseBucketValue(value);
    if (said.kind === 'location' && this.bucket.keyOf(said.location.client) === key) return said.location;
    if (said.kind === 'unknown version') {
      this.warn(`the bucket has values of version ${said.version}, which this server does not know, and ignores`);
    } else this.warn('the bucket has values that no server of a herd has written, and that are ignored');
    return undefined;
  }

  /** Warns of something, if it was not said already. */
  warn(reason: string): void {
    if (this.warned.has(reason)) return;
    this.warned.add(reason);
    this.bus.publish({ kind: 'bucket-warning', reason });
  }
}
