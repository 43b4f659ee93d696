import type { LocationBatch } from '../../../protocol/place/location-batch.js';
import type { RetainedCursor } from '../../store/unheld-locations.js';

/** What republishing needs. */
export interface RepublishingDependencies {
  /** Requests a page of the retained reports of partitions. */
  readonly request: (cursor: RetainedCursor, partitions: ReadonlySet<number>) => void;
  /** Calls `requestNext` after a pause; returns a function that cancels it. */
  readonly pause: () => () => void;
  /** Called before the first page with the partitions whose reports are published again. */
  readonly begin: (partitions: ReadonlySet<number>) => void;
  readonly publish: (batch: LocationBatch) => void;
  /** Called behind the last page. */
  readonly end: (partitions: ReadonlySet<number>) => void;
}

/** Publishes the retained reports of some partitions again, page by page. */
export class Republishing {
  /** The partitions of the present pass; undefined between passes. */
  private running: ReadonlySet<number> | undefined;
  /** The partitions of the next pass. */
  private requested = new Set<number>();
  private cursor: RetainedCursor = { generation: 0, place: 0 };
  private cancelPause: (() => void) | undefined;

  constructor(private readonly dependencies: RepublishingDependencies) {}

  add(partitions: Iterable<number>): void {
    for (const partition of partitions) this.requested.add(partition);
    if (this.running === undefined) this.begin();
  }

  receivePage(page: LocationBatch, next: RetainedCursor | undefined): void {
    const { running } = this;
    if (running === undefined) return;
    this.dependencies.publish(page);
    if (next !== undefined) {
      this.cursor = next;
      return this.pause();
    }
    this.running = undefined;
    this.dependencies.end(running);
    if (this.requested.size > 0) this.begin();
  }

  requestNext(): void {
    if (this.running !== undefined) this.dependencies.request(this.cursor, this.running);
  }

  pause(): void {
    this.cancelPause = this.dependencies.pause();
  }

  clear(): void {
    this.cancelPause?.();
    this.running = undefined;
    this.requested.clear();
  }

  private begin(): void {
    this.running = this.requested;
    this.requested = new Set();
    this.cursor = { generation: 0, place: 0 };
    this.dependencies.begin(this.running);
    this.requestNext();
  }
}
