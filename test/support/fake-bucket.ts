import type {
  BucketEntry,
  BucketExtent,
  BucketListener,
  BucketSession,
  GetOutcome,
  LocationBucket,
  PutOutcome,
} from '../../src/actors/ports/location-bucket.js';
import type { ClientId } from '../../src/protocol/place/ids.js';
import { flushPromises } from './fake-upstream.js';

/** A write that waits for what the test says of it. */
interface FakePut {
  readonly key: string;
  readonly value: string;
  readonly revision: number;
  readonly ends: (outcome: PutOutcome) => Promise<void>;
}

/** A session of which the test decides everything. */
export class FakeSession implements BucketSession {
  readonly puts: FakePut[] = [];
  readonly gets: { readonly key: string; readonly ends: (outcome: GetOutcome) => Promise<void> }[] = [];
  state: 'open' | 'closed' = 'open';
  readonly over: Promise<void>;
  private noteOver: () => void = () => undefined;

  constructor(
    private readonly listener: BucketListener,
    readonly extent: BucketExtent,
    readonly shards: readonly string[],
  ) {
    this.over = new Promise((resolve) => (this.noteOver = resolve));
  }

  shardOf(key: string): number {
    return Math.max(0, this.shards.indexOf(key.charAt('key of '.length)));
  }

  put(key: string, value: string, revision: number): Promise<PutOutcome> {
    return new Promise((resolve) => {
      const ends = (outcome: PutOutcome) => {
        resolve(outcome);
        return flushPromises();
      };
      this.puts.push({ key, value, revision, ends });
    });
  }

  get(key: string): Promise<GetOutcome> {
    return new Promise((resolve) => {
      const ends = (outcome: GetOutcome) => {
        resolve(outcome);
        return flushPromises();
      };
      this.gets.push({ key, ends });
    });
  }

  close(): void {
    this.state = 'closed';
    this.noteOver();
  }

  /** The bucket is there, and holds this. */
  loads(...entries: readonly BucketEntry[]): void {
    this.listener.opened(this);
    if (entries.length > 0) this.listener.changed(this, entries);
    this.listener.loaded(this);
  }

  opens(): void {
    this.listener.opened(this);
  }

  warns(reason: string): void {
    this.listener.warned(this, reason);
  }

  changes(...entries: readonly BucketEntry[]): void {
    this.listener.changed(this, entries);
  }

  breaks(reason: string): void {
    this.noteOver();
    this.listener.closed(this, reason);
  }

  /** The writes that have come since this was last asked. */
  takePuts(): FakePut[] {
    return this.puts.splice(0);
  }

  /** The only write that has come since this was last asked. */
  takePut(): FakePut {
    const [put, ...more] = this.takePuts();
    if (put === undefined || more.length > 0)
      throw new Error(`there are ${more.length + (put ? 1 : 0)} writes, not one`);
    return put;
  }
}

/** A bucket whose sessions do what a test says. */
export class FakeBucket implements LocationBucket {
  readonly sessions: FakeSession[] = [];
  /** The shards of the next session. Several are first letters of clients; whoever begins otherwise is in the first. */
  shards: readonly string[] = ['all'];

  keyOf(client: ClientId): string {
    return `key of ${client}`;
  }

  open(listener: BucketListener, extent: BucketExtent): FakeSession {
    const session = new FakeSession(listener, extent, this.shards);
    this.sessions.push(session);
    return session;
  }

  async over(): Promise<void> {
    await Promise.all(this.sessions.map(({ over }) => over));
  }

  /** The youngest session. */
  get session(): FakeSession {
    const session = this.sessions.at(-1);
    if (session === undefined) throw new Error('the bucket was never opened');
    return session;
  }
}
