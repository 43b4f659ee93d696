import type { BucketExtent, BucketListener, BucketSession, LocationBucket } from '../../actors/location-bucket.js';
import type { Clock } from '../../actors/clock.js';
import type { ClientId } from '../../protocol/ids.js';
import type { SimulatedNetwork } from '../network/simulated-network.js';
import type { SocketHost } from '../network/socket.js';
import type { WorldListener } from '../world.js';
import type { BucketEngine } from './bucket-engine.js';
import { SimulatedSession } from './simulated-session.js';

/** What connections with a simulated engine need. */
export interface SimulatedBucketEdges {
  readonly engine: BucketEngine;
  readonly network: SimulatedNetwork;
  /** The process that connects. */
  readonly host: SocketHost;
  /** The clock of that process. */
  readonly clock: Clock;
  /** Milliseconds between two signs of life. */
  readonly beatMs: number;
  readonly tell: WorldListener;
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

  /** Questions and writes that are yet to be answered. */
  get underWayAsked(): number {
    return this.session?.underWayAsked ?? 0;
  }

  /** The process was killed: its system breaks the connection that there is. */
  processKilled(): void {
    this.session?.abandon();
  }
}
