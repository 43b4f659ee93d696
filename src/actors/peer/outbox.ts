import type { ByteString } from '../../protocol/text/bytes.js';
import type { ClientId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import { waitingLocationBytes } from '../store/location-bytes.js';

/** Where an outbox puts its lines. */
export interface OutboxSink {
  readonly hasRoom: boolean;
  /** Sends a location; `line` if its line is written already. */
  sendLocation(location: Location, line: ByteString | undefined): void;
  /** All pages of a catch-up have been sent. */
  sendCaughtUp(): void;
  /** Asks for the next page of the catch-up. */
  wantPage(): void;
  /** Too much waited, and was dropped. Called once until the comparison that follows. */
  dropped(): void;
  /** Has the neighbour compare what it holds with what this server does. */
  wantComparison(): void;
}

/**
 * What a connected neighbour has yet to be told. While its wire has no room, the newest location of each client waits and
 * nothing else: memory is bounded by clients, not by updates. A catch-up comes in page by page, as the wire takes it.
 *
 * Memory is bounded in bytes as well, as clients that the store has evicted wait for as long as the neighbour is slow: when the new
 * locations that wait take more than `bytesMax`, they are dropped, and the neighbour is to compare what it holds as soon as the wire
 * has room and no catch-up is going on. The catch-up that follows tells it what of them is still stored.
 */
export class Outbox {
  private readonly waiting = new Map<ClientId, Location>();
  private waitingBytes = 0;
  /** Locations of a page, none of a client in `waiting`: a page or two at most. They are never dropped. */
  private readonly paged = new Map<ClientId, Location>();
  private catchUp: 'none' | 'page wanted' | 'more pages' | 'last page' = 'none';
  /** Whether locations were dropped that the neighbour may lack. */
  private comparison: 'not due' | 'due' = 'not due';

  /** @param bytesMax memory of new locations that wait; see `waitingLocationBytes` */
  constructor(
    private readonly sink: OutboxSink,
    private readonly bytesMax: number,
  ) {}

  /**
   * Takes new locations and their lines, each newer than any of its client before. Returns how many were not told: another took
   * their place, or too many waited.
   */
  forward(locations: readonly Location[], lines: readonly ByteString[]): number {
    let conflated = 0;
    let next = 0;
    for (const location of locations) {
      if (this.isEmpty && this.sink.hasRoom) this.sink.sendLocation(location, lines[next]);
      else conflated += this.hold(location);
      next += 1;
    }
    return conflated;
  }

  /** Takes a page of the catch-up. */
  page(locations: readonly Location[], last: boolean): void {
    // What waits for a client already is at least as new as what the store's page holds of it.
    for (const location of locations) {
      if (!this.waiting.has(location.client)) this.paged.set(location.client, location);
    }
    this.catchUp = last ? 'last page' : 'more pages';
    this.flush();
  }

  /** The wire has room again. */
  drained(): void {
    this.flush();
  }

  private get isEmpty(): boolean {
    return this.waiting.size === 0 && this.paged.size === 0;
  }

  /** Has a location wait. Returns how many are not told because of it. */
  private hold(location: Location): number {
    const { client } = location;
    const replaced = this.paged.delete(client) || this.take(client) ? 1 : 0;
    this.waiting.set(client, location);
    this.waitingBytes += waitingLocationBytes(location);
    if (this.waitingBytes <= this.bytesMax) return replaced;
    const dropped = this.waiting.size;
    this.waiting.clear();
    this.waitingBytes = 0;
    if (this.comparison === 'not due') this.sink.dropped();
    this.comparison = 'due';
    return replaced + dropped;
  }

  private take(client: ClientId): boolean {
    const location = this.waiting.get(client);
    if (location === undefined) return false;
    this.waiting.delete(client);
    this.waitingBytes -= waitingLocationBytes(location);
    return true;
  }

  private flush(): void {
    for (const [client, location] of this.paged) {
      if (!this.sink.hasRoom) return;
      this.paged.delete(client);
      this.sink.sendLocation(location, undefined);
    }
    for (const [client, location] of this.waiting) {
      if (!this.sink.hasRoom) return;
      this.take(client);
      this.sink.sendLocation(location, undefined);
    }
    const { catchUp } = this;
    if (catchUp === 'last page') {
      this.catchUp = 'none';
      this.sink.sendCaughtUp();
    } else if (catchUp === 'more pages') {
      this.catchUp = 'page wanted';
      this.sink.wantPage();
    }
    // What a catch-up has dealt out is not dealt out again, and some of it may have been dropped: the comparison follows it.
    if (this.catchUp !== 'none' || this.comparison === 'not due' || !this.sink.hasRoom) return;
    this.comparison = 'not due';
    this.sink.wantComparison();
  }
}
