import type { ByteString } from '../../protocol/text/bytes.js';
import type { ClientId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import { queuedLocationBytes } from '../store/location-bytes.js';

/** Where an outbox puts its lines. */
export interface OutboxSink {
  readonly isWritable: boolean;
  /** Sends a location; `line` if its line is written already. */
  sendLocation(location: Location, line: ByteString | undefined): void;
  /** All pages of a catch-up have been sent. */
  sendCaughtUp(): void;
  /** Asks for the next page of the catch-up. */
  requestPage(): void;
  /** Too much waited, and was dropped. Called once until the comparison that follows. */
  onDropped(): void;
  /** Has the neighbour compare what it holds with what this server does. */
  requestComparison(): void;
}

/**
 * What a connected neighbour has yet to be told. While its wire has no room, the newest location of each client waits and
 * nothing else: memory is bounded by clients, not by updates. A catch-up comes in page by page, as the wire takes it.
 *
 * Memory is bounded in bytes as well, as clients that the store has evicted wait for as long as the neighbour is slow: when the new
 * locations that wait take more than `maxBytes`, they are dropped, and the neighbour is to compare what it holds as soon as the wire
 * has room and no catch-up is going on. The catch-up that follows tells it what of them is still stored.
 */
export class Outbox {
  private readonly queued = new Map<ClientId, Location>();
  private queuedBytes = 0;
  /** Locations of a page, none of a client in `queued`: a page or two at most. They are never dropped. */
  private readonly paged = new Map<ClientId, Location>();
  private catchUp: 'none' | 'page-requested' | 'more-pages' | 'last-page' = 'none';
  /** Whether locations were dropped that the neighbour may lack. */
  private isComparisonDue = false;

  /** @param maxBytes memory of new locations that wait; see `queuedLocationBytes` */
  constructor(
    private readonly sink: OutboxSink,
    private readonly maxBytes: number,
  ) {}

  /**
   * Takes new locations and their lines, each newer than any of its client before. Returns how many were not told: another took
   * their place, or too many waited.
   */
  forward(locations: readonly Location[], lines: readonly ByteString[]): number {
    let conflated = 0;
    let lineIndex = 0;
    for (const location of locations) {
      if (this.isEmpty && this.sink.isWritable) this.sink.sendLocation(location, lines[lineIndex]);
      else conflated += this.enqueue(location);
      lineIndex += 1;
    }
    return conflated;
  }

  /** Takes a page of the catch-up. */
  addPage(locations: readonly Location[], isLast: boolean): void {
    // What waits for a client already is at least as new as what the store's page holds of it.
    for (const location of locations) {
      if (!this.queued.has(location.client)) this.paged.set(location.client, location);
    }
    this.catchUp = isLast ? 'last-page' : 'more-pages';
    this.flush();
  }

  /** The wire has room again. */
  drained(): void {
    this.flush();
  }

  private get isEmpty(): boolean {
    return this.queued.size === 0 && this.paged.size === 0;
  }

  /** Has a location wait. Returns how many are not told because of it. */
  private enqueue(location: Location): number {
    const { client } = location;
    const replaced = this.paged.delete(client) || this.removeQueued(client) ? 1 : 0;
    this.queued.set(client, location);
    this.queuedBytes += queuedLocationBytes(location);
    if (this.queuedBytes <= this.maxBytes) return replaced;
    const dropped = this.queued.size;
    this.queued.clear();
    this.queuedBytes = 0;
    if (!this.isComparisonDue) this.sink.onDropped();
    this.isComparisonDue = true;
    return replaced + dropped;
  }

  private removeQueued(client: ClientId): boolean {
    const location = this.queued.get(client);
    if (location === undefined) return false;
    this.queued.delete(client);
    this.queuedBytes -= queuedLocationBytes(location);
    return true;
  }

  private flush(): void {
    for (const [client, location] of this.paged) {
      if (!this.sink.isWritable) return;
      this.paged.delete(client);
      this.sink.sendLocation(location, undefined);
    }
    for (const [client, location] of this.queued) {
      if (!this.sink.isWritable) return;
      this.removeQueued(client);
      this.sink.sendLocation(location, undefined);
    }
    const { catchUp } = this;
    if (catchUp === 'last-page') {
      this.catchUp = 'none';
      this.sink.sendCaughtUp();
    } else if (catchUp === 'more-pages') {
      this.catchUp = 'page-requested';
      this.sink.requestPage();
    }
    // What a catch-up has dealt out is not dealt out again, and some of it may have been dropped: the comparison follows it.
    if (this.catchUp !== 'none' || !this.isComparisonDue || !this.sink.isWritable) return;
    this.isComparisonDue = false;
    this.sink.requestComparison();
  }
}
