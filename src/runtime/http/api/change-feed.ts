import type { Clock } from '../../../actors/ports/clock.js';
import { ConflatingQueue } from '../../../actors/store/conflating-queue.js';
import { queuedLocationBytes } from '../../../actors/store/location-bytes.js';
import type { ClientId } from '../../../protocol/place/ids.js';
import type { Location } from '../../../protocol/place/location.js';
import type { MessageBus } from '../../bus/message-bus.js';
import type { ChangeData } from './api-types.js';
import { toLocationJson } from './location-json.js';
import type { SseClient } from './sse-client.js';

/** Changes kept for readers that reconnect, and for how long after the last reader left, in milliseconds. */
const maxHistory = 10_000;
const historyRetentionMs = 60_000;

/** Maximum clients with a queued change per reader. Beyond it the reader is disconnected. */
const maxPendingClients = 100_000;

/** Memory of a queued change besides its location and its JSON, in bytes. */
const changeOverheadBytes = 128;

/** A change. Its JSON is built once, for the first reader. */
class Change {
  private json: string | undefined;

  constructor(
    readonly id: string,
    readonly location: Location,
  ) {}

  get client(): ClientId {
    return this.location.client;
  }

  get text(): string {
    return (this.json ??= JSON.stringify(toLocationJson(this.location)));
  }

  /** Memory of the queued change, in bytes. */
  get bytes(): number {
    return changeOverheadBytes + queuedLocationBytes(this.location) + 2 * this.location.line.length;
  }
}

/** A reader of changes. For a slow reader only the newest change of each client is queued. */
class ChangeSubscriber {
  private readonly pending = new ConflatingQueue<Change>({
    // IDs ascend.
    placeOfReplacement: 'last',
    maxClients: maxPendingClients,
    bytesOf: ({ bytes }) => bytes,
  });

  constructor(
    readonly sse: SseClient,
    private readonly client: ClientId | undefined,
  ) {
    sse.onDrain(() => this.flush());
  }

  offer(change: Change): void {
    if (this.client !== undefined && this.client !== change.client) return;
    if (this.pending.size === 0 && this.sse.isWritable) return this.send(change);
    const result = this.pending.offer(change);
    this.sse.setPendingBytes(this.pending.bytes);
    if (result === 'overflow') this.sse.end();
  }

  private flush(): void {
    for (const change of this.pending.drain(() => this.sse.isWritable)) this.send(change);
    this.sse.setPendingBytes(this.pending.bytes);
  }

  private send({ id, text }: Change): void {
    this.sse.send('location' satisfies keyof ChangeData, text, id);
  }
}

/** Sends learned locations to SSE clients. Without clients it is not subscribed to the bus. */
export class ChangeFeed {
  private readonly subscribers = new Set<ChangeSubscriber>();
  private history: Location[] = [];
  /** Number of the first change in `history`. */
  private firstNumber = 1;
  private unsubscribe: (() => void) | undefined;
  private historyTimer: unknown;
  /** Prefix of the IDs of changes since this start. */
  private readonly runId: string;

  constructor(
    private readonly bus: MessageBus,
    private readonly clock: Clock,
  ) {
    const { seconds, nanoseconds } = clock.now();
    this.runId = `${seconds.toString(36)}${nanoseconds.toString(36)}`;
  }

  get size(): number {
    return this.subscribers.size;
  }

  /**
   * Adds a reader.
   * @param client undefined for the changes of all clients
   * @param lastId ID of the last change that it received; the changes since then are sent first
   * @returns a function that removes the reader
   */
  add(sse: SseClient, client: ClientId | undefined, lastId: string | undefined): () => void {
    this.clock.clearTimeout(this.historyTimer);
    this.unsubscribe ??= this.bus.on('locations-learned', ({ batch }) => this.record(batch));
    const subscriber = new ChangeSubscriber(sse, client);
    const missed = lastId === undefined ? undefined : this.changesAfter(lastId);
    if (missed === undefined) {
      const first: keyof ChangeData = lastId === undefined ? 'begin' : 'reset';
      sse.send(first, '{}', this.formatId(this.nextNumber - 1));
    } else
      for (const [index, location] of missed.entries())
        subscriber.offer(new Change(this.formatId(this.nextNumber - missed.length + index), location));
    this.subscribers.add(subscriber);
    return () => this.remove(subscriber);
  }

  /** Disconnects all readers and clears the history. */
  end(): void {
    for (const { sse } of this.subscribers) sse.end();
    this.clock.clearTimeout(this.historyTimer);
    this.clearHistory();
  }

  private get nextNumber(): number {
    return this.firstNumber + this.history.length;
  }

  private formatId(number: number): string {
    return `${this.runId}-${number}`;
  }

  /** Locations learned after a change; undefined if the history does not reach back to it. */
  private changesAfter(lastId: string): Location[] | undefined {
    const [runId, number] = lastId.split('-');
    const changeNumber = Number(number);
    if (runId !== this.runId || !Number.isInteger(changeNumber)) return undefined;
    return changeNumber + 1 >= this.firstNumber && changeNumber < this.nextNumber
      ? this.history.slice(changeNumber + 1 - this.firstNumber)
      : undefined;
  }

  private record(locations: Iterable<Location>): void {
    for (const location of locations) {
      this.history.push(location);
      const change = new Change(this.formatId(this.nextNumber - 1), location);
      for (const subscriber of this.subscribers) subscriber.offer(change);
    }
    if (this.history.length < 2 * maxHistory) return;
    this.firstNumber += this.history.length - maxHistory;
    this.history = this.history.slice(-maxHistory);
  }

  private remove(subscriber: ChangeSubscriber): void {
    this.subscribers.delete(subscriber);
    if (this.subscribers.size === 0)
      this.historyTimer = this.clock.setTimeout(() => this.clearHistory(), historyRetentionMs);
  }

  private clearHistory(): void {
    if (this.subscribers.size > 0) return;
    this.unsubscribe?.();
    this.unsubscribe = undefined;
    // Changes from here on are not recorded, so no earlier ID is valid.
    this.firstNumber = this.nextNumber + 1;
    this.history = [];
  }
}
