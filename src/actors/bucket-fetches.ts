import type { ClientId } from '../protocol/ids.js';
import { newerOf, type Location } from '../protocol/location.js';
import type { BucketReader } from './bucket-reader.js';
import type { Bus } from './bus.js';
import type { BucketSession, GetOutcome, LocationBucket } from './location-bucket.js';
import { addresses } from './messages.js';

/** Clients that wait to be asked for at most, while the bucket is away or slow. */
const waitingMax = 10_000;

/** Questions to the bucket at once: enough that none waits for the way there and back of the one before. */
const flyingMax = 256;

/**
 * Clients that the bucket is asked for. What changes while a question is under way is kept beside it: its answer may have been
 * given before.
 */
export class BucketFetches {
  private readonly waiting = new Set<ClientId>();
  /** The newest of each that was told since it was asked for. */
  private readonly flying = new Map<ClientId, Location | undefined>();

  constructor(
    private readonly bus: Bus,
    private readonly bucket: LocationBucket,
    private readonly reader: BucketReader,
  ) {}

  /** Has a client asked for, unless it is already. Returns false if too many wait. */
  add(client: ClientId): boolean {
    if (this.flying.has(client)) return true;
    if (this.waiting.size >= waitingMax) return false;
    this.waiting.add(client);
    return true;
  }

  /** Nobody waits for a client any more: it need not be asked for, if it is not already. */
  drop(client: ClientId): void {
    this.waiting.delete(client);
  }

  /** Asks for those that wait, as far as not enough are asked for already. */
  ask(session: BucketSession): void {
    for (const client of this.waiting) {
      if (this.flying.size >= flyingMax) return;
      this.waiting.delete(client);
      this.flying.set(client, undefined);
      void session.get(this.bucket.keyOf(client)).then((outcome) => {
        this.bus.send(addresses.bucketSpread, { kind: 'fetch-ended', session, client, outcome });
      });
    }
  }

  /** The bucket has told of a change. */
  see(location: Location): void {
    const { client } = location;
    if (this.flying.has(client)) this.flying.set(client, newerOf(location, this.flying.get(client)));
  }

  /** A question has its answer. Returns the newest that the bucket is known to hold; undefined if it did not say, or has nothing. */
  settle(client: ClientId, outcome: GetOutcome): Location | undefined {
    const seen = this.flying.get(client);
    this.flying.delete(client);
    const entry = outcome.kind === 'read' ? outcome.entry : undefined;
    const read = entry && this.reader.locationIn(entry);
    return read === undefined ? seen : newerOf(read, seen);
  }

  /** The questions that are under way will have no answer: they wait again. */
  putAllBack(): void {
    for (const client of this.flying.keys()) this.waiting.add(client);
    this.flying.clear();
  }
}
