import type { ByteString } from '../../protocol/text/bytes.js';
import type { ClientId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import { queuedLocationBytes } from '../store/location-bytes.js';

/** Output of an outbox. */
export interface OutboxSink {
  readonly isWritable: boolean;
  /** Sends a location. `line`: its line, if it is already formatted. */
  sendLocation(location: Location, line: ByteString | undefined): void;
  /** Reports that all pages of a catch-up have been sent. */
  sendCaughtUp(): void;
  /** Requests the next page of the catch-up. */
  requestPage(): void;
  /** Reports that queued locations were dropped. Called once until the next comparison. */
  onDropped(): void;
  /** Requests that the neighbour compare its store with this server's. */
  requestComparison(): void;
}

/**
 * Conflating send queue of a connected neighbour: while its channel is not writable, it holds only the newest location of each client,
 * so memory is bounded by clients, not by updates. A catch-up is sent page by page, as the channel becomes writable.
 *
 * Memory is bounded in bytes as well, because clients that the store has evicted stay queued as long as the neighbour is slow: when
 * queued new locations take more than `maxBytes`, they are dropped, and the neighbour is to compare its store as soon as the channel is
 * writable and no catch-up is running. The catch-up that follows covers those that are still stored.
 */
export class Outbox {
  private readonly queued = new Map<ClientId, Location>();
  private queuedBytes = 0;
  /** Locations of at most two pages, none of a client in `queued`. They are never dropped. */
  private readonly paged = new Map<ClientId, Location>();
  private catchUp: 'none' | 'page-requested' | 'more-pages' | 'last-page' = 'none';
  /** Whether dropped locations make a comparison necessary. */
  private isComparisonDue = false;

  /** @param maxBytes maximum memory of queued new locations; see `queuedLocationBytes` */
  constructor(
    private readonly sink: OutboxSink,
    private readonly maxBytes: number,
  ) {}

  /**
   * Sends or queues new locations and their lines, each newer than earlier ones of its client. Returns the number of locations that
   * were replaced or dropped.
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

  /** Queues a page of the catch-up. */
  addPage(locations: readonly Location[], isLast: boolean): void {
    // A queued location is at least as new as the one in the page.
    for (const location of locations) {
      if (!this.queued.has(location.client)) this.paged.set(location.client, location);
    }
    this.catchUp = isLast ? 'last-page' : 'more-pages';
    this.flush();
  }

  /** Sends queued locations after the channel has become writable. */
  drained(): void {
    this.flush();
  }

  private get isEmpty(): boolean {
    return this.queued.size === 0 && this.paged.size === 0;
  }

  /** Queues a location. Returns the number of locations replaced or dropped for it. */
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
    // A running catch-up does not resend what was dropped, so the comparison must follow it.
    if (this.catchUp !== 'none' || !this.isComparisonDue || !this.sink.isWritable) return;
    this.isComparisonDue = false;
    this.sink.requestComparison();
  }
}
