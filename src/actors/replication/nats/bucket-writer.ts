import { LocationBatch } from '../../../protocol/place/location-batch.js';
import { formatBucketValue } from '../../../protocol/nats/bucket-value.js';
import type { ClientId } from '../../../protocol/place/ids.js';
import { supersedes, type Location } from '../../../protocol/place/location.js';
import { BucketContents } from './bucket-contents.js';
import type { BucketReader } from './bucket-reader.js';
import type { BucketShard, ShardTrouble } from './bucket-shard.js';
import { BucketShards, type ShardsDependencies } from './bucket-shards.js';
import type { BucketWrites, Write } from './bucket-writes.js';
import type {
  Hold,
  BucketEntry,
  BucketSession,
  GetOutcome,
  LocationBucket,
  PutOutcome,
} from '../../ports/location-bucket.js';
import { addresses } from '../../addresses.js';
import { fromBucket } from './messages.js';

/** Locations that may wait, however few clients are held: more than a comparison adds before it waits itself. */
const waitingMin = 2_000;

/** How often in a row others may get in between before a write waits: each time one of them has got on. */
const conflictsMax = 10;

/** What a writer works on, and whom it tells how that goes. */
export interface WriterDependencies extends Omit<ShardsDependencies, 'onTaking'> {
  readonly bucket: LocationBucket;
  readonly reader: BucketReader;
  /** The bucket holds what is older than it held before: what it held then is to be written again. */
  readonly onOutdated: () => void;
}

/**
 * Writes locations into the bucket, each at the revision that it replaces, and only where it supersedes what stands there. Knows
 * what stands there of the clients that it writes about; with `hold: all` of everybody, as it is told of everybody.
 */
export class BucketWriter {
  private readonly contents: BucketContents;
  private readonly shards: BucketShards;
  /** Undefined while nothing may be written. */
  private session: BucketSession | undefined;

  /** @param maxClients clients of whom it is remembered what the bucket holds; as many, but 2,000 at least, may wait to be written */
  constructor(
    private readonly edges: WriterDependencies,
    private readonly hold: Hold,
    maxClients: number,
  ) {
    this.contents = new BucketContents(maxClients);
    const { bucket } = edges;
    this.shards = new BucketShards(
      { ...edges, onTaking: (shard) => this.writeInto(shard) },
      (client) => bucket.keyOf(client),
      Math.max(maxClients, waitingMin),
    );
  }

  /** How many clients there are of whom something has yet to be written. */
  get waiting(): number {
    return this.shards.waiting;
  }

  /** How many of them wait for a shard that is not known to take no writes. */
  get moving(): number {
    return this.shards.moving;
  }

  /** How many more may wait before one is given up, at least. */
  get room(): number {
    return this.shards.room;
  }

  /** Why some of the bucket takes no writes; undefined if all of it does. */
  get trouble(): ShardTrouble | undefined {
    return this.shards.trouble;
  }

  /** What the bucket holds of a client, as far as it is known. */
  inBucket(client: ClientId): Location | undefined {
    return this.contents.get(client)?.location;
  }

  /** The newest of a client that has yet to be written. */
  newestWaiting(client: ClientId): Location | undefined {
    return this.shards.of(client).writes.newestOf(client);
  }

  /** Whether the bucket is known to hold nothing that the location would not supersede. */
  isMissing(location: Location): boolean {
    const held = this.inBucket(location.client);
    return held === undefined || supersedes(location, held);
  }

  /** Has a location written when there is a turn. */
  add(location: Location): void {
    if (this.shards.add(location) === undefined) return;
    this.edges.reader.warn(
      'more than limits.maxClients locations wait for the bucket: the oldest are dropped; those still stored are written after it reconnects',
    );
  }

  /** Notes a change that the bucket told of; tells whether it was not known here that this stands there. */
  noteChange(location: Location, revision: number): boolean {
    this.writesOf(location).see(location, revision);
    const isUnknown = this.contents.get(location.client) === undefined;
    return (isUnknown && this.hold === 'touched') || this.note(location, revision);
  }

  /** The bucket is open. What it held before, or another one, counts no more. */
  open(session: BucketSession): void {
    this.contents.clear();
    this.shards.splitAs(session);
  }

  /** The bucket has told what it holds: what waits is written, and what is added from now on, when it is asked for. */
  begin(session: BucketSession): void {
    this.session = session;
    this.shards.begin();
  }

  /** The bucket is gone. What is on its way comes to nothing, and waits again. */
  end(): void {
    this.session = undefined;
    this.shards.end();
  }

  /** Writes what waits, as far as the bucket takes it, and not enough is on its way. */
  write(): void {
    for (const shard of this.shards.taking) this.writeInto(shard);
  }

  /**
   * Writes everything that waits or is on its way, as far as the bucket takes writes: the server stops, and nobody else may hold it. Resolves when the
   * session has been given everything that it shall store.
   */
  async writeRemaining(session: BucketSession): Promise<void> {
    const rest = this.shards.takeAll(this.shards.taking);
    await Promise.all(rest.map((location) => this.writeLast(session, location)));
  }

  putEnded(session: BucketSession, write: Write, outcome: PutOutcome): void {
    const { location } = write;
    switch (outcome.kind) {
      case 'stored':
        this.contents.note(location.client, location, outcome.revision);
        this.recordObserved(write);
        this.writesOf(location).complete(write);
        // The watch may have told of a later write, of something older, before this one was acknowledged.
        if (this.isOutdated(location)) this.addAgain(location);
        return this.shards.of(location.client).noteStored();
      case 'conflict':
        write.conflicts += 1;
        return this.readCurrent(session, write);
      case 'refused':
        this.settle(write);
        return this.edges.reader.warn(
          `a location is too large for the bucket and is not replicated: ${outcome.reason}`,
        );
      case 'failed':
        return this.putBack(write, outcome.reason);
    }
  }

  getEnded(session: BucketSession, write: Write, outcome: GetOutcome): void {
    if (outcome.kind === 'failed') return this.putBack(write, outcome.reason);
    const { client } = write.location;
    const { entry } = outcome;
    if (entry?.value === undefined) {
      this.contents.forget(client);
      this.contents.note(client, undefined, entry?.revision ?? 0);
    } else if (!this.noteRead(entry)) {
      // What is not understood is not written over: it may be newer.
      return this.settle(write);
    }
    this.recordObserved(write);
    this.put(session, write);
  }

  private writesOf({ client }: Location): BucketWrites {
    return this.shards.of(client).writes;
  }

  private writeInto({ writes }: BucketShard): void {
    const { session } = this;
    if (session === undefined) return;
    for (let write = writes.take(); write !== undefined; write = writes.take()) this.put(session, write);
  }

  /** Its shard did not take it. */
  private putBack(write: Write, reason: string): void {
    const shard = this.shards.of(write.location.client);
    shard.writes.requeue(write);
    shard.noteBlocked(reason);
  }

  private put(session: BucketSession, write: Write): void {
    const { location } = write;
    const held = this.contents.get(location.client);
    // Who comes to a server that does not hold him is mostly in the bucket: asking first is one way there and back less.
    if (held === undefined && this.hold === 'touched') return this.readCurrent(session, write);
    if (!this.isMissing(location)) {
      // The store may have evicted it, and have taken something older for news.
      if (write.conflicts === 0 && held?.location !== undefined && held.location.line !== location.line) {
        this.publishToStore(held.location);
      }
      return this.settle(write);
    }
    void this.putInto(session, location).then((outcome) => {
      this.edges.bus.send(addresses.bucketSpread, { kind: 'put-ended', session, write, outcome });
    });
  }

  private putInto(session: BucketSession, location: Location): Promise<PutOutcome> {
    const { client } = location;
    const revision = this.contents.get(client)?.revision ?? 0;
    return session.put(this.edges.bucket.keyOf(client), formatBucketValue(location), revision);
  }

  /** At the revision that is known; where none is, or another was faster, at the one that stands there. */
  private async writeLast(session: BucketSession, location: Location): Promise<void> {
    const isKnown = this.hold === 'all' || this.contents.get(location.client) !== undefined;
    if (isKnown && (await this.putInto(session, location)).kind !== 'conflict') return;
    await this.putIfNewer(session, location);
  }

  private async putIfNewer(session: BucketSession, location: Location): Promise<void> {
    const key = this.edges.bucket.keyOf(location.client);
    const outcome = await session.get(key);
    if (outcome.kind === 'failed') return;
    const { entry } = outcome;
    const stands = entry && this.edges.reader.locationIn(entry);
    const isNewer = stands === undefined ? entry?.value === undefined : supersedes(location, stands);
    if (isNewer) void session.put(key, formatBucketValue(location), entry?.revision ?? 0);
  }

  private readCurrent(session: BucketSession, write: Write): void {
    if (write.conflicts > conflictsMax) return this.putBack(write, 'too many write conflicts for this client');
    const key = this.edges.bucket.keyOf(write.location.client);
    void session.get(key).then((outcome) => {
      this.edges.bus.send(addresses.bucketSpread, { kind: 'get-ended', session, write, outcome });
    });
  }

  /** Nothing is to be written of it any more. */
  private settle(write: Write): void {
    const shard = this.shards.of(write.location.client);
    shard.writes.complete(write);
    if (shard.writes.size === 0) shard.noteStored();
  }

  /** Notes what the bucket holds of a client; tells whether it was not known here to stand there. */
  private note(location: Location, revision: number): boolean {
    const held = this.contents.get(location.client);
    const known = held?.location;
    // A delayed write entered a recreated bucket, where its revision matched by chance. No other server repairs that.
    if (held?.location !== undefined && revision > held.revision && supersedes(held.location, location)) {
      this.addAgain(held.location);
    }
    const isNews = known?.line !== location.line;
    // One that is there already is the store's own: two of each would take twice the memory.
    this.contents.note(location.client, isNews ? location : known, revision);
    return isNews;
  }

  private isOutdated(location: Location): boolean {
    const stands = this.inBucket(location.client);
    return stands !== undefined && supersedes(location, stands);
  }

  private addAgain(location: Location): void {
    this.add(location);
    this.edges.onOutdated();
  }

  /** Records a change that was received while a write of the same client was in flight; it may be newer than the response. */
  private recordObserved({ seen }: Write): void {
    if (seen !== undefined) this.contents.note(seen.location.client, seen.location, seen.revision);
  }

  /** Notes what the bucket answered; tells whether it is understood. */
  private noteRead(entry: BucketEntry): boolean {
    const location = this.edges.reader.locationIn(entry);
    if (location === undefined) return false;
    if (this.note(location, entry.revision)) this.publishToStore(location);
    return true;
  }

  private publishToStore(location: Location): void {
    this.edges.bus.send(addresses.store, { kind: 'learned', batch: LocationBatch.of([location]), from: fromBucket });
  }
}
