import { LocationBatch } from '../../protocol/place/location-batch.js';
import type { Location } from '../../protocol/place/location.js';
import type { WordBuffer } from '../../protocol/text/word-buffer.js';
import { ConflatingQueue } from '../store/conflating-queue.js';
import { queuedLocationBytes } from '../store/location-bytes.js';
import type { PeerOutput } from './peer-output.js';

/** Queued locations that are sent together. */
const maxBatchLocations = 64;

/** Callbacks of an outbox. */
export interface OutboxCallbacks {
  /** All pages of a catch-up have been sent. */
  onCaughtUp(): void;
  /** The next page of the catch-up may be sent. */
  onPageDue(): void;
  /** Queued locations were dropped. Called once until the next comparison. */
  onDropped(): void;
  /** The neighbour is to compare its store with this server's. */
  onComparisonDue(): void;
}

/**
 * Conflating send queue of a connected neighbour: while its channel is not writable, it holds only the newest location of each client.
 * A catch-up is sent page by page, as the channel becomes writable.
 *
 * Memory is bounded in bytes as well, because clients that the store has evicted stay queued as long as the neighbour is slow: when
 * queued locations take more than `maxBytes`, they are dropped, and the neighbour is to compare its store as soon as the channel is
 * writable and no catch-up is running. The catch-up that follows covers those that are still stored.
 */
export class Outbox {
  private readonly queue: ConflatingQueue<Location>;
  /** The lines of queued locations when they are sent. */
  private readonly batch = new LocationBatch();
  private catchUp: 'none' | 'page-requested' | 'more-pages' | 'last-page' = 'none';
  /** Whether dropped locations make a comparison necessary. */
  private isComparisonDue = false;

  /**
   * @param suffix what stands behind a location's line: this server as its forwarder
   * @param maxBytes maximum memory of queued locations; see `queuedLocationBytes`
   */
  constructor(
    private readonly output: PeerOutput,
    private readonly callbacks: OutboxCallbacks,
    private readonly suffix: WordBuffer,
    maxBytes: number,
  ) {
    this.queue = new ConflatingQueue({ placeOfReplacement: 'last', maxBytes, bytesOf: queuedLocationBytes });
  }

  /**
   * Sends or queues new locations, each newer than earlier ones of its client. Returns the number of queued locations that were
   * replaced or dropped.
   */
  forward(batch: LocationBatch): number {
    if (this.canSend()) {
      this.output.sendLocations(batch);
      return 0;
    }
    let conflated = 0;
    for (const location of batch) conflated += this.enqueue(location);
    return conflated;
  }

  /** Sends or queues a page of the catch-up. */
  addPage(batch: LocationBatch, isLast: boolean): void {
    if (this.canSend()) this.output.sendLocations(batch);
    else {
      // A queued location is at least as new as the one in the page.
      for (const location of batch) if (!this.queue.has(location.client)) this.enqueue(location);
    }
    this.catchUp = isLast ? 'last-page' : 'more-pages';
    this.flush();
  }

  /** Sends queued locations after the channel has become writable. */
  drained(): void {
    this.flush();
  }

  private canSend(): boolean {
    return this.queue.size === 0 && this.output.isWritable;
  }

  /** Queues a location. Returns the number of locations replaced or dropped for it. */
  private enqueue(location: Location): number {
    const { size } = this.queue;
    const result = this.queue.offer(location);
    if (result !== 'overflow') return result === 'replaced' ? 1 : 0;
    if (!this.isComparisonDue) this.callbacks.onDropped();
    this.isComparisonDue = true;
    return size + 1;
  }

  private flush(): void {
    this.batch.clear();
    for (const location of this.queue.drain(() => this.output.isWritable)) {
      this.batch.append(location, this.suffix);
      if (this.batch.count < maxBatchLocations && this.queue.size > 0) continue;
      this.output.sendLocations(this.batch);
      this.batch.clear();
    }
    if (this.queue.size > 0) return;
    const { catchUp } = this;
    if (catchUp === 'last-page') {
      this.catchUp = 'none';
      this.callbacks.onCaughtUp();
    } else if (catchUp === 'more-pages') {
      this.catchUp = 'page-requested';
      this.callbacks.onPageDue();
    }
    // A running catch-up does not resend what was dropped, so the comparison must follow it.
    if (this.catchUp !== 'none' || !this.isComparisonDue || !this.output.isWritable) return;
    this.isComparisonDue = false;
    this.callbacks.onComparisonDue();
  }
}
