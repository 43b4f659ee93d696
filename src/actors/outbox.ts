import type { ByteString } from '../protocol/bytes.js';
import type { ClientId } from '../protocol/ids.js';
import type { Location } from '../protocol/location.js';

/** Where an outbox puts its lines. */
export interface OutboxSink {
  readonly hasRoom: boolean;
  /** Sends a location; `line` if its line is written already. */
  sendLocation(location: Location, line: ByteString | undefined): void;
  /** All pages of a catch-up have been sent. */
  sendCaughtUp(): void;
  /** Asks for the next page of the catch-up. */
  wantPage(): void;
}

/**
 * What a connected neighbour has yet to be told. While its wire has no room, the newest location of each client waits and
 * nothing else: memory is bounded by clients, not by updates. A catch-up comes in page by page, as the wire takes it.
 */
export class Outbox {
  private readonly waiting = new Map<ClientId, Location>();
  private catchUp: 'none' | 'more pages' | 'last page' = 'none';

  constructor(private readonly sink: OutboxSink) {}

  /**
   * Takes new locations and their lines, each newer than any of its client before. Returns how many took the place of one
   * that waited.
   */
  forward(locations: readonly Location[], lines: readonly ByteString[]): number {
    let conflated = 0;
    let next = 0;
    for (const location of locations) {
      if (this.waiting.size === 0 && this.sink.hasRoom) this.sink.sendLocation(location, lines[next]);
      else {
        if (this.waiting.has(location.client)) conflated += 1;
        this.waiting.set(location.client, location);
      }
      next += 1;
    }
    return conflated;
  }

  /** Takes a page of the catch-up. */
  page(locations: readonly Location[], last: boolean): void {
    // What waits for a client already is at least as new as what the store's page holds of it.
    for (const location of locations) {
      if (!this.waiting.has(location.client)) this.waiting.set(location.client, location);
    }
    this.catchUp = last ? 'last page' : 'more pages';
    this.flush();
  }

  /** The wire has room again. */
  drained(): void {
    this.flush();
  }

  private flush(): void {
    for (const [client, location] of this.waiting) {
      if (!this.sink.hasRoom) return;
      this.waiting.delete(client);
      this.sink.sendLocation(location, undefined);
    }
    const { catchUp } = this;
    this.catchUp = 'none';
    if (catchUp === 'last page') this.sink.sendCaughtUp();
    if (catchUp === 'more pages') this.sink.wantPage();
  }
}
