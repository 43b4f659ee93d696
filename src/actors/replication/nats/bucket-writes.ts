import type { ClientId } from '../../../protocol/place/ids.js';
import { pickNewer, type Location } from '../../../protocol/place/location.js';

/** A location on its way into the bucket. */
export interface Write {
  readonly location: Location;
  /** How often somebody else has written in between. */
  conflicts: number;
  /** What is to be written after it: the newest that has come meanwhile. */
  next: Location | undefined;
  /** The newest change received from the watch since; it may be newer than the response. */
  seen: { readonly location: Location; readonly revision: number } | undefined;
}

/**
 * What has yet to be written into a shard of a bucket: the newest location of each client and nothing else, so that what waits is bounded
 * by clients, however long the bucket is away.
 */
export class BucketWrites {
  private readonly waiting = new Map<ClientId, Location>();
  private readonly inFlight = new Map<ClientId, Write>();
  /** Who waits longest comes next. A map that is asked for its first entry again and again passes all deleted ones each time. */
  private turn = this.waiting.values();

  /** @param flyingMax locations on their way at once */
  constructor(private readonly flyingMax: number) {}

  /** How many clients there are of whom something has yet to be written. */
  get size(): number {
    return this.waiting.size + this.inFlight.size;
  }

  /** How many of them wait for their turn. */
  get queued(): number {
    return this.waiting.size;
  }

  /** The newest of a client that has yet to be written. */
  newestOf(client: ClientId): Location | undefined {
    const write = this.inFlight.get(client);
    const flying = write && pickNewer(write.location, write.next);
    const waiting = this.waiting.get(client);
    return waiting === undefined ? flying : pickNewer(waiting, flying);
  }

  /** Has a location written. */
  add(location: Location): void {
    const { client } = location;
    const write = this.inFlight.get(client);
    if (write !== undefined) {
      write.next = pickNewer(location, write.next);
    } else this.waiting.set(client, pickNewer(location, this.waiting.get(client)));
  }

  /** Gives up the one that has waited longest. */
  dropOldest(): Location | undefined {
    return this.takeNext();
  }

  /** The next one to write, on its way from now on; undefined if there is none, or enough are on their way. */
  take(): Write | undefined {
    if (this.inFlight.size >= this.flyingMax) return undefined;
    const location = this.takeNext();
    if (location === undefined) return undefined;
    const write: Write = { location, conflicts: 0, next: undefined, seen: undefined };
    this.inFlight.set(location.client, write);
    return write;
  }

  /** Everything that waits or is on its way, which waits no more. */
  takeAll(): Location[] {
    this.putAllBack();
    const locations = [...this.waiting.values()];
    this.waiting.clear();
    return locations;
  }

  /** The bucket has told of a change. */
  see(location: Location, revision: number): void {
    const write = this.inFlight.get(location.client);
    if (write !== undefined && revision > (write.seen?.revision ?? 0)) write.seen = { location, revision };
  }

  /** A write has come to its end. What came meanwhile waits. */
  complete({ location, next }: Write): void {
    this.inFlight.delete(location.client);
    if (next !== undefined) this.add(next);
  }

  /** A write has come to nothing: it waits again, unless something newer came meanwhile. */
  requeue(write: Write): void {
    this.complete(write);
    this.add(write.location);
  }

  /** Whatever is on its way has come to nothing. */
  putAllBack(): void {
    for (const write of [...this.inFlight.values()]) this.requeue(write);
  }

  private takeNext(): Location | undefined {
    const location = this.longestWaiting();
    if (location !== undefined) this.waiting.delete(location.client);
    return location;
  }

  private longestWaiting(): Location | undefined {
    if (this.waiting.size === 0) return undefined;
    const { done, value } = this.turn.next();
    if (done !== true) return value;
    // Those who have come since the last one was taken.
    this.turn = this.waiting.values();
    return this.turn.next().value;
  }
}
