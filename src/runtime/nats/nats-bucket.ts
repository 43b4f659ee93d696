import type {
  BucketExtent,
  BucketListener,
  BucketSession,
  LocationBucket,
} from '../../actors/ports/location-bucket.js';
import { bucketKeyOf } from './bucket-key.js';
import { NatsSession } from './nats-session.js';
import type { NatsSettings } from './nats-settings.js';

/** Key-value bucket of NATS JetStream. */
export class NatsBucket implements LocationBucket {
  readonly keyOf = bucketKeyOf;
  private readonly sessions = new Set<NatsSession>();

  /** @param name client name of the connection, for monitoring of NATS */
  constructor(
    private readonly settings: NatsSettings,
    private readonly name: string,
  ) {}

  open(listener: BucketListener, extent: BucketExtent): BucketSession {
    const session = new NatsSession(this.settings, this.name, listener, extent);
    this.sessions.add(session);
    void session.over.then(() => this.sessions.delete(session));
    return session;
  }

  async over(): Promise<void> {
    await Promise.all([...this.sessions].map(({ over }) => over));
  }
}
