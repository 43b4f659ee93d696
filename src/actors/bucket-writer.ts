import { formatBucketValue } from '../protocol/bucket-value.js';
import type { ClientId } from '../protocol/ids.js';
import { supersedes, type Location } from '../protocol/location.js';
import { BucketContents } from './bucket-contents.js';
import type { BucketReader } from './bucket-reader.js';
import { BucketWrites, type Write } from './bucket-writes.js';
import type { Bus } from './bus.js';
import type { Hold } from './hold.js';
import type { BucketEntry, BucketSession, GetOutcome, LocationBucket, PutOutcome } from './location-bucket.js';
import { addresses, fromBucket } from './messages.js';

/** Locations on their way into the bucket at once: enough that none waits for the way there and back of the one before. */
const flyingMax = 256;

/** Locations that may wait, however few clients are held: more than a comparison adds before it waits itself. */
const waitingMin = 2_000;

/** How often in a row others may get in between before a write waits: each time one of them has got on. */
const conflictsMax = 10;

/** What a writer works on, and whom it tells how that goes. */
export interface WriterEdges {
  readonly bus: Bus;
  readonly bucket: LocationBucket;
  readonly reader: BucketReader;
  /** The bucket took something, or nothing waits for it any more. */
  readonly onStored: () => void;
  /** The bucket holds what is older than it held before: what it held then is to be written again. */
  readonly onOutdated: () => void;
  /** The bucket did not take something, which waits. */
  readonly onBlocked: (reason: string) => void;
}

/**
 * Writes locations into the bucket, each at the revision that it replaces, and only where it supersedes what stands there. Knows
 * what stands there of the clients that it writes about; with `hold: all` of everybody, as it is told of everybody.
 */
export class BucketWriter {
  private readonly contents: BucketContents;
  private readonly writes: BucketWrites;

  /** @param clientsMax clients of whom it is remembered what the bucket holds; as many, but 2,000 at least, may wait to be written */
  constructor(
    private readonly edges: WriterEdges,
    private readonly hold: Hold,
    clientsMax: number,
  ) {
    this.contents = new BucketContents(clientsMax);
    this.writes = new BucketWrites(flyingMax, Math.max(clientsMax, waitingMin));
  }

  /** How many clients there are of whom something has yet to be written. */
  get waiting(): number {
    return this.writes.size;
  }

  /** What the bucket holds of a client, as far as it is known. */
  inBucket(client: ClientId): Location | undefined {
    return this.contents.get(client)?.location;
  }

  /** The newest of a client that has yet to be written. */
  newestWaiting(client: ClientId): Location | undefined {
    return this.writes.newestOf(client);
  }

  /** Whether the bucket is known to hold nothing that the location would not supersede. */
  lacks(location: Location): boolean {
    const held = this.inBucket(location.client);
    return held === undefined || supersedes(location, held);
  }

  /** Has a location written when there is a turn. */
  add(location: Location): void {
    if (this.writes.add(location) === undefined) return;
    this.edges.reader.warn(
      'more clients than limits.clientsMax wait to be written: those that have waited longest are given up, unless they are still held when the bucket is back',
    );
  }

  /** Notes a change that the bucket told of; tells whether it was not known here that this stands there. */
  noteChange(location: Location, revision: number): boolean {
    this.writes.see(location, revision);
    const isUnknown = this.contents.get(location.client) === undefined;
    return (isUnknown && this.hold === 'touched') || this.note(location, revision);
  }

  /** Writes what waits, as far as not enough is on its way. */
  write(session: BucketSession): void {
    for (let write = this.writes.take(); write !== undefined; write = this.writes.take()) this.put(session, write);
  }

  /**
   * Writes everything that waits or is on its way: the server stops, and nobody else may hold it. Resolves when the session has been
   * given everything that it shall store.
   */
  async writeTheRest(session: BucketSession): Promise<void> {
    await Promise.all(this.writes.takeAll().map((location) => this.writeLast(session, location)));
  }

  putEnded(session: BucketSession, write: Write, outcome: PutOutcome): void {
    const { location } = write;
    switch (outcome.kind) {
      case 'stored':
        this.contents.note(location.client, location, outcome.revision);
        this.noteSeen(write);
        this.writes.settle(write);
        // The watch may have told of a later write, of something older, before this one was acknowledged.
        if (this.isOutdated(location)) this.addAgain(location);
        return this.edges.onStored();
      case 'conflict':
        write.conflicts += 1;
        return this.askWhatStands(session, write);
      case 'refused':
        this.settle(write);
        return this.edges.reader.warn(`a location does not fit into the bucket, and is not spread: ${outcome.reason}`);
      case 'failed':
        this.writes.putBack(write);
        return this.edges.onBlocked(outcome.reason);
    }
  }

  getEnded(session: BucketSession, write: Write, outcome: GetOutcome): void {
    if (outcome.kind === 'failed') {
      this.writes.putBack(write);
      return this.edges.onBlocked(outcome.reason);
    }
    const { client } = write.location;
    const { entry } = outcome;
    if (entry?.value === undefined) {
      this.contents.forget(client);
      this.contents.note(client, undefined, entry?.revision ?? 0);
    } else if (!this.noteRead(entry)) {
      // What is not understood is not written over: it may be newer.
      return this.settle(write);
    }
    this.noteSeen(write);
    this.put(session, write);
  }

  /** What is on its way comes to nothing, and waits again. */
  putAllBack(): void {
    this.writes.putAllBack();
  }

  /** What the bucket holds is not known any more. */
  forgetContents(): void {
    this.contents.clear();
  }

  private put(session: BucketSession, write: Write): void {
    const { location } = write;
    const held = this.contents.get(location.client);
    // Who comes to a server that does not hold him is mostly in the bucket: asking first is one way there and back less.
    if (held === undefined && this.hold === 'touched') return this.askWhatStands(session, write);
    if (!this.lacks(location)) {
      // The store may have forgotten it, and have taken something older for news.
      if (this.hold === 'touched' && held?.location !== undefined) this.tellStore(held.location);
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

  private askWhatStands(session: BucketSession, write: Write): void {
    if (write.conflicts > conflictsMax) {
      this.writes.putBack(write);
      return this.edges.onBlocked('others write about the same client all the time');
    }
    const key = this.edges.bucket.keyOf(write.location.client);
    void session.get(key).then((outcome) => {
      this.edges.bus.send(addresses.bucketSpread, { kind: 'get-ended', session, write, outcome });
    });
  }

  /** Nothing is to be written of it any more. */
  private settle(write: Write): void {
    this.writes.settle(write);
    if (this.waiting === 0) this.edges.onStored();
  }

  /** Notes what the bucket holds of a client; tells whether it was not known here to stand there. */
  private note(location: Location, revision: number): boolean {
    const held = this.contents.get(location.client);
    const known = held?.location;
    // A write that was long on its way came into a bucket made anew, at a revision that fitted by chance. Nobody else mends that.
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

  /** Notes what was told of a client while a write about it was on its way: it may be newer than the answer. */
  private noteSeen({ seen }: Write): void {
    if (seen !== undefined) this.contents.note(seen.location.client, seen.location, seen.revision);
  }

  /** Notes what the bucket answered; tells whether it is understood. */
  private noteRead(entry: BucketEntry): boolean {
    const location = this.edges.reader.locationIn(entry);
    if (location === undefined) return false;
    if (this.note(location, entry.revision)) this.tellStore(location);
    return true;
  }

  private tellStore(location: Location): void {
    this.edges.bus.send(addresses.store, { kind: 'learned', locations: [location], from: fromBucket });
  }
}
