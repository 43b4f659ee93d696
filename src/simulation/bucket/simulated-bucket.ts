import type { BucketExtent, BucketListener, BucketSession, LocationBucket } from '../../actors/location-bucket.js';
import type { Clock } from '../../actors/clock.js';
import type { ClientId } from '../../protocol/ids.js';
import type { SeededRandom } from '../seeded-random.js';
import type { BucketEngine } from './bucket-engine.js';
import { SimulatedSession } from './simulated-session.js';

/** What connections with a simulated engine need. */
export interface SimulatedBucketEdges {
  readonly engine: BucketEngine;
  /** The clock of the server that is connected. */
  readonly clock: Clock;
  readonly random: SeededRandom;
  /** Hears that a promise was given or kept: what waits for it runs before time goes on. */
  readonly onPromise: () => void;
}

/** The bucket of a simulated herd, as one of its servers reaches it. */
export class SimulatedBucket implements LocationBucket {
  private session: SimulatedSession | undefined;

  constructor(private readonly edges: SimulatedBucketEdges) {}

  keyOf(client: ClientId): string {
    return client;
  }

  open(listener: BucketListener, extent: BucketExtent): BucketSession {
    this.session = new SimulatedSession(this.edges, listener, extent);
    return this.session;
  }

  /** Breaks the connection that there is. */
  cut(reason: string): void {
    this.session?.cut(reason);
  }
}
