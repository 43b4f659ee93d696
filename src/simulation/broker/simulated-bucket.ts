import type {
  BucketExtent,
  BucketListener,
  BucketSession,
  LocationBucket,
} from '../../actors/ports/location-bucket.js';
import type { ClientId } from '../../protocol/place/ids.js';
import { SimulatedSession, type SimulatedBucketDependencies } from './simulated-session.js';

/** The bucket of a simulated herd, as seen by one server. */
export class SimulatedBucket implements LocationBucket {
  private session: SimulatedSession | undefined;
  private readonly sessions = new Set<SimulatedSession>();

  constructor(private readonly edges: SimulatedBucketDependencies) {}

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

  /** Reads and writes that wait for a reply. */
  get underWayAsked(): number {
    return this.session?.underWayAsked ?? 0;
  }

  /** The process was killed, so its operating system closes the connection. */
  processKilled(): void {
    this.session?.abandon();
  }
}
