import type { ClientId } from '../../protocol/place/ids.js';

/**
 * Conflating queue for a receiver that is slower than the updates: holds only the newest value of each client, so memory is bounded by
 * clients, not by updates.
 */
export class ConflatingQueue<Value extends object> {
  private readonly values = new Map<ClientId, Value>();
  private usedBytes = 0;

  /** @param bytesOf returns the bytes of memory of a queued value */
  constructor(private readonly bytesOf: (value: Value) => number) {}

  /** The number of clients with a queued value. */
  get size(): number {
    return this.values.size;
  }

  /** Bytes of memory of the queued values. */
  get bytes(): number {
    return this.usedBytes;
  }

  get(client: ClientId): Value | undefined {
    return this.values.get(client);
  }

  has(client: ClientId): boolean {
    return this.values.has(client);
  }

  /** Adds a value behind the others, in place of an earlier one of its client. Returns whether there was one. */
  offer(client: ClientId, value: Value): boolean {
    const isReplaced = this.remove(client);
    this.values.set(client, value);
    this.usedBytes += this.bytesOf(value);
    return isReplaced;
  }

  /** Removes the value of a client; returns whether there was one. */
  remove(client: ClientId): boolean {
    const value = this.values.get(client);
    if (value === undefined) return false;
    this.values.delete(client);
    this.usedBytes -= this.bytesOf(value);
    return true;
  }

  /** Removes up to `max` values, the oldest first. */
  take(max: number): (readonly [client: ClientId, value: Value])[] {
    const taken: (readonly [ClientId, Value])[] = [];
    for (const entry of this.values) {
      if (taken.length >= max) break;
      this.remove(entry[0]);
      taken.push(entry);
    }
    return taken;
  }

  clear(): void {
    this.values.clear();
    this.usedBytes = 0;
  }
}
