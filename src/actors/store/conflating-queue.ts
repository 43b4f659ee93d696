import type { ClientId } from '../../protocol/place/ids.js';

/** A value that replaces earlier ones of its client. */
interface ClientValue {
  readonly client: ClientId;
}

/** Options of a conflating queue. */
interface ConflatingQueueOptions<Value> {
  /**
   * Place of a value that replaces another: that of the earlier value, so that clients that change often do not wait longer than
   * others, or the last, so that values stay in the order in which they came.
   */
  readonly placeOfReplacement: 'same' | 'last';
  /** Maximum clients with a queued value; unlimited by default. */
  readonly maxClients?: number;
  /** Maximum bytes of memory of the queued values; unlimited by default. */
  readonly maxBytes?: number;
  /** Returns the bytes of memory of a queued value; 0 by default. */
  readonly bytesOf?: (value: Value) => number;
}

/**
 * What became of a value that was offered to a queue. `overflow`: the queue was full and has dropped everything, this value included,
 * so that its receiver must get the values in another way, or be disconnected.
 */
export type OfferResult = 'added' | 'replaced' | 'overflow';

/**
 * Conflating queue for a receiver that is slower than the updates: holds only the newest value of each client, so memory is bounded by
 * clients, not by updates.
 */
export class ConflatingQueue<Value extends ClientValue> {
  private readonly values = new Map<ClientId, Value>();
  private usedBytes = 0;
  private readonly movesReplacements: boolean;
  private readonly maxClients: number;
  private readonly maxBytes: number;
  private readonly bytesOf: (value: Value) => number;

  constructor(options: ConflatingQueueOptions<Value>) {
    const { placeOfReplacement, maxClients = Infinity, maxBytes = Infinity, bytesOf = () => 0 } = options;
    this.movesReplacements = placeOfReplacement === 'last';
    this.maxClients = maxClients;
    this.maxBytes = maxBytes;
    this.bytesOf = bytesOf;
  }

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

  /** Adds a value in place of an earlier one of its client. Beyond a limit, all values are dropped. */
  offer(value: Value): OfferResult {
    const { client } = value;
    const earlier = this.values.get(client);
    if (earlier !== undefined) {
      this.usedBytes -= this.bytesOf(earlier);
      if (this.movesReplacements) this.values.delete(client);
    }
    this.values.set(client, value);
    this.usedBytes += this.bytesOf(value);
    if (this.values.size > this.maxClients || this.usedBytes > this.maxBytes) {
      this.clear();
      return 'overflow';
    }
    return earlier === undefined ? 'added' : 'replaced';
  }

  /** Removes the value of a client; returns whether there was one. */
  remove(client: ClientId): boolean {
    const value = this.values.get(client);
    if (value === undefined) return false;
    this.values.delete(client);
    this.usedBytes -= this.bytesOf(value);
    return true;
  }

  /**
   * Removes values one by one from the first on, while `canTake` returns true. One iteration for many values is much faster than one
   * for each: a map keeps the places of deleted entries for a while, which every new iteration has to skip.
   */
  *drain(canTake: () => boolean): Generator<Value> {
    const values = this.values.values();
    while (this.values.size > 0 && canTake()) {
      const { value } = values.next();
      if (value === undefined) return;
      this.remove(value.client);
      yield value;
    }
  }

  clear(): void {
    this.values.clear();
    this.usedBytes = 0;
  }
}
