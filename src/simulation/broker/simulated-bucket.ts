import type {
  BucketExtent,
  BucketListener,
  BucketSession,
  LocationBucket,
} from '../../actors/ports/location-bucket.js';
import type { Clock } from '../../actors/ports/clock.js';
import type { ClientId } from '../../protocol/place/ids.js';
import type { SimulatedNetwork } from '../network/simulated-network.js';
import type { SocketHost } from '../network/socket.js';
import type { SimulationListener } from '../environment.js';
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
  readonly tell: SimulationListener;
  /** Hears that a promise was given or kept: what waits for it runs before time goes on. */
  readonly onPromise: () => void;
}

/** The bucket of a simulated herd, as one of its servers reaches it. */
export class SimulatedBucket implements LocationBucket {
  private session: SimulatedSession | undefined;
  private readonly sessions = new Set<SimulatedSession>();

  constructor(private readonly edges: SimulatedBucketEdges) {}

  keyOf(client: ClientId): string {
    return client;
  }

  open(listener: BucketListener, extent: BucketExtent): BucketSession {
    const session = new SimulatedSession(this.edges, listener, extent);
    this.session = session;
    this.sessions.add(session);
    void session.over.then(() => this.sessions.delete(session));
    return session;
  }

  async over(): Promise<void> {
    await Promise.all([...this.sessions].map(({ over }) => over));
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
