import type { Clock } from '../../../actors/ports/clock.js';
import { queuedLocationBytes } from '../../../actors/store/location-bytes.js';
import type { ClientId } from '../../../protocol/place/ids.js';
import type { Location } from '../../../protocol/place/location.js';
import type { MessageBus } from '../../bus/message-bus.js';
import type { ChangeData } from './api-types.js';
import { toLocationJson } from './location-json.js';
import type { SseClient } from './sse-client.js';

/** Changes that are kept for those who come back, and for how long after the last reader left, in milliseconds. */
const maxHistory = 10_000;
const historyRetentionMs = 60_000;

/** Clients whose change may wait for one reader; beyond it the reader is ended, and comes back when it can. */
const maxPendingClients = 100_000;

/** Memory that a change takes besides its location, and besides its text in JSON, in bytes. */
const changeOverheadBytes = 128;

/** A change, and its text as every reader is sent it: made when the first of them is. */
class Change {
  private json: string | undefined;

  constructor(
    readonly id: string,
    readonly location: Location,
  ) {}

  get text(): string {
    return (this.json ??= JSON.stringify(toLocationJson(this.location)));
  }

  /** Memory that it takes while it waits, in bytes. */
  get bytes(): number {
    return changeOverheadBytes + queuedLocationBytes(this.location) + 2 * this.location.line.length;
  }
}

/** One who reads changes. While it has no room, the newest of each client waits, and nothing else. */
class ChangeSubscriber {
  private readonly pending = new Map<ClientId, Change>();
  private pendingBytes = 0;

  constructor(
    readonly sse: SseClient,
    private readonly client: ClientId | undefined,
  ) {
    sse.onDrain(() => this.flush());
  }

  offer(change: Change): void {
    const { client } = change.location;
    if (this.client !== undefined && this.client !== client) return;
    if (this.pending.size === 0 && this.sse.isWritable) return this.send(change);
    // Last again, so that ids ascend.
    this.removePending(client);
    this.pending.set(client, change);
    this.pendingBytes += change.bytes;
    this.sse.setPendingBytes(this.pendingBytes);
    if (this.pending.size > maxPendingClients) this.sse.end();
  }

  private flush(): void {
    for (const [client, change] of this.pending) {
      if (!this.sse.isWritable) break;
      this.removePending(client);
      this.send(change);
    }
    this.sse.setPendingBytes(this.pendingBytes);
  }

  private removePending(client: ClientId): void {
    this.pendingBytes -= this.pending.get(client)?.bytes ?? 0;
    this.pending.delete(client);
  }

  private send({ id, text }: Change): void {
    this.sse.send('location' satisfies keyof ChangeData, text, id);
  }
}

/** What is learned here, change by change, for those who follow it. While nobody does, it does not listen. */
export class ChangeFeed {
  private readonly subscribers = new Set<ChangeSubscriber>();
  private history: Location[] = [];
  /** The number of the first change that is kept. */
  private firstNumber = 1;
  private unsubscribe: (() => void) | undefined;
  private historyTimer: unknown;
  /** Tells the changes of this start from those of others. */
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
   * Has a reader hear of what is learned from now on, and of what it missed since an id.
   * @returns what is to be called when it is gone
   */
  add(sse: SseClient, client: ClientId | undefined, lastId: string | undefined): () => void {
    this.clock.clearTimeout(this.historyTimer);
    this.unsubscribe ??= this.bus.on('locations-learned', ({ locations }) => this.record(locations));
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

  /** Ends all, and forgets. */
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

  /** What was learned after a change; undefined if that is not known any more, or never was. */
  private changesAfter(lastId: string): Location[] | undefined {
    const [runId, number] = lastId.split('-');
    const changeNumber = Number(number);
    if (runId !== this.runId || !Number.isInteger(changeNumber)) return undefined;
    return changeNumber + 1 >= this.firstNumber && changeNumber < this.nextNumber
      ? this.history.slice(changeNumber + 1 - this.firstNumber)
      : undefined;
  }

  private record(locations: readonly Location[]): void {
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
    // What is missed from here on, nobody can be told.
    this.firstNumber = this.nextNumber + 1;
    this.history = [];
  }
}
