import type { Clock } from '../../../actors/ports/clock.js';
import { waitingLocationBytes } from '../../../actors/store/location-bytes.js';
import type { ClientId } from '../../../protocol/place/ids.js';
import type { Location } from '../../../protocol/place/location.js';
import type { MessageBus } from '../../bus/message-bus.js';
import { locationJsonOf } from './location-json.js';
import type { SseReader } from './sse-client.js';

/** Changes that are kept for those who come back, and for how long after the last reader left, in milliseconds. */
const keptMax = 10_000;
const keptMs = 60_000;

/** Clients whose change may wait for one reader; beyond it the reader is ended, and comes back when it can. */
const waitingMax = 100_000;

/** Memory that a change takes besides its location, and besides its text in JSON, in bytes. */
const changeBytes = 128;

/** A change, and its text as every reader is sent it: made when the first of them is. */
class Change {
  private json: string | undefined;

  constructor(
    readonly id: string,
    readonly location: Location,
  ) {}

  get text(): string {
    return (this.json ??= JSON.stringify(locationJsonOf(this.location)));
  }

  /** Memory that it takes while it waits, in bytes. */
  get bytes(): number {
    return changeBytes + waitingLocationBytes(this.location) + 2 * this.location.line.length;
  }
}

/** One who reads changes. While it has no room, the newest of each client waits, and nothing else. */
class ChangeReader {
  private readonly waiting = new Map<ClientId, Change>();
  private waitingBytes = 0;

  constructor(
    readonly events: SseReader,
    private readonly client: ClientId | undefined,
  ) {
    events.onRoom(() => this.flush());
  }

  offer(change: Change): void {
    const { client } = change.location;
    if (this.client !== undefined && this.client !== client) return;
    if (this.waiting.size === 0 && this.events.hasRoom) return this.send(change);
    // Last again, so that ids ascend.
    this.forget(client);
    this.waiting.set(client, change);
    this.waitingBytes += change.bytes;
    this.events.keeps(this.waitingBytes);
    if (this.waiting.size > waitingMax) this.events.end();
  }

  private flush(): void {
    for (const [client, change] of this.waiting) {
      if (!this.events.hasRoom) break;
      this.forget(client);
      this.send(change);
    }
    this.events.keeps(this.waitingBytes);
  }

  private forget(client: ClientId): void {
    this.waitingBytes -= this.waiting.get(client)?.bytes ?? 0;
    this.waiting.delete(client);
  }

  private send({ id, text }: Change): void {
    this.events.send('location', text, id);
  }
}

/** What is learned here, change by change, for those who follow it. While nobody does, it does not listen. */
export class ChangeFeed {
  private readonly readers = new Set<ChangeReader>();
  private kept: Location[] = [];
  /** The number of the first change that is kept. */
  private first = 1;
  private unlisten: (() => void) | undefined;
  private forgetting: unknown;
  /** Tells the changes of this start from those of others. */
  private readonly run: string;

  constructor(
    private readonly bus: MessageBus,
    private readonly clock: Clock,
  ) {
    const { seconds, nanoseconds } = clock.now();
    this.run = `${seconds.toString(36)}${nanoseconds.toString(36)}`;
  }

  get size(): number {
    return this.readers.size;
  }

  /**
   * Has a reader hear of what is learned from now on, and of what it missed since an id.
   * @returns what is to be called when it is gone
   */
  add(events: SseReader, client: ClientId | undefined, lastId: string | undefined): () => void {
    this.clock.clearTimeout(this.forgetting);
    this.unlisten ??= this.bus.on('locations-learned', ({ locations }) => this.learn(locations));
    const reader = new ChangeReader(events, client);
    const missed = lastId === undefined ? undefined : this.since(lastId);
    if (missed === undefined) events.send(lastId === undefined ? 'begin' : 'reset', '{}', this.id(this.next - 1));
    else
      for (const [index, location] of missed.entries())
        reader.offer(new Change(this.id(this.next - missed.length + index), location));
    this.readers.add(reader);
    return () => this.remove(reader);
  }

  /** Ends all, and forgets. */
  end(): void {
    for (const { events } of this.readers) events.end();
    this.clock.clearTimeout(this.forgetting);
    this.forget();
  }

  private get next(): number {
    return this.first + this.kept.length;
  }

  private id(change: number): string {
    return `${this.run}-${change}`;
  }

  /** What was learned after a change; undefined if that is not known any more, or never was. */
  private since(lastId: string): Location[] | undefined {
    const [run, number] = lastId.split('-');
    const change = Number(number);
    if (run !== this.run || !Number.isInteger(change)) return undefined;
    return change + 1 >= this.first && change < this.next ? this.kept.slice(change + 1 - this.first) : undefined;
  }

  private learn(locations: readonly Location[]): void {
    for (const location of locations) {
      this.kept.push(location);
      const change = new Change(this.id(this.next - 1), location);
      for (const reader of this.readers) reader.offer(change);
    }
    if (this.kept.length < 2 * keptMax) return;
    this.first += this.kept.length - keptMax;
    this.kept = this.kept.slice(-keptMax);
  }

  private remove(reader: ChangeReader): void {
    this.readers.delete(reader);
    if (this.readers.size === 0) this.forgetting = this.clock.setTimeout(() => this.forget(), keptMs);
  }

  private forget(): void {
    if (this.readers.size > 0) return;
    this.unlisten?.();
    this.unlisten = undefined;
    // What is missed from here on, nobody can be told.
    this.first = this.next + 1;
    this.kept = [];
  }
}
