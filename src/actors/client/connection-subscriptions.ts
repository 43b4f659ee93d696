import type { ByteString } from '../../protocol/text/bytes.js';
import { everyone, formatInvalid, formatUnwatched, formatWatching } from '../../protocol/client/command.js';
import type { ClientId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import type { AddressQuota } from './address-quota.js';
import type { AnswerQueue, PendingAnswer } from './response-queue.js';
import type { Address, Bus } from '../bus/bus.js';
import { waitingLocationBytes } from '../store/location-bytes.js';
import { addresses, type ConnectionMessage } from '../bus/messages.js';

/** Bytes of the IDs that one connection may watch, together. */
const watchedBytesMax = 262_144;

/** Bytes that a watched client takes besides its ID: its entries here and in the sets of the actor that knows who watches whom. */
const watchedOverheadBytes = 400;

/** Who watches: where it is reached, and what it is counted by. */
interface Watcher {
  readonly self: Address<ConnectionMessage>;
  readonly address: string;
}

/** Where a client is told of changes. */
export interface ChangeSink {
  /** Whether a line may go out now: no answer waits, and the client takes what it is sent. */
  mayTell(): boolean;
  /** Sends a line, given without its line end. */
  tell(line: ByteString): void;
}

/** A WATCH on its way. */
interface PendingWatch {
  readonly line: ByteString;
  readonly client: ClientId;
  readonly answer: PendingAnswer;
}

/**
 * What one connection watches, and what it has yet to be told. While it may not be told, the newest location of each client
 * waits and nothing else: memory is bounded by clients, not by updates.
 */
export class Watching {
  /** What it watches, or has asked to; `everyone` may be one of them. */
  private readonly clients = new Set<ClientId>();
  private readonly asked = new Map<number, PendingWatch>();
  /** Bytes of the IDs in `clients`. */
  private clientBytes = 0;
  private readonly waiting = new Map<ClientId, Location>();
  private waitingLocationBytes = 0;
  private state: 'open' | 'over' = 'open';
  /** Whether it has one of the places of its address, as it must while it watches anything. */
  private hasPlace = false;

  /** @param places connections of each address that watch */
  constructor(
    private readonly bus: Bus,
    private readonly watcher: Watcher,
    private readonly answers: AnswerQueue,
    private readonly places: AddressQuota,
  ) {}

  /** How much is watched; of what was asked for, all. */
  get size(): number {
    return this.clients.size;
  }

  /** Of how many clients a location waits. */
  get waitingCount(): number {
    return this.waiting.size;
  }

  /** Bytes of memory that the changes take that wait, and the IDs that are watched. */
  get keptBytes(): number {
    return this.waitingLocationBytes + this.clientBytes + this.clients.size * watchedOverheadBytes;
  }

  /** Takes a WATCH; it is answered when it has begun. */
  watch(client: ClientId, line: ByteString, question: number): void {
    if (this.clientBytes + client.length > watchedBytesMax || !this.takePlace())
      return this.answers.add(formatInvalid(line));
    if (this.state === 'open') this.add(client);
    this.asked.set(question, { line, client, answer: this.answers.reserve() });
    this.bus.send(addresses.store, { kind: 'watch', client, replyTo: this.watcher.self, question });
  }

  /**
   * Takes an UNWATCH. What waits is not told any more. The work is bounded by the number of watched clients, never by the number
   * of changes that wait.
   */
  unwatch(client: ClientId | undefined): void {
    if (client === undefined) this.clear();
    else if (this.remove(client)) this.dropUnwatched(client);
    this.sendUnwatch(this.clients.size === 0 ? undefined : client);
    this.answers.add(formatUnwatched(client));
  }

  /** From now on changes are told; where the client is now, is told first. */
  begun(question: number, location: Location | undefined): void {
    const watch = this.takeAsked(question);
    if (watch === undefined) return;
    if (location !== undefined && this.isWatched(watch.client)) this.hold(location);
    this.answers.fill(watch.answer, formatWatching(watch.client));
  }

  /** There is too much to watch already; or who was asked broke down over it. */
  refused(question: number): void {
    const watch = this.takeAsked(question);
    if (watch === undefined) return;
    this.remove(watch.client);
    this.answers.fill(watch.answer, formatInvalid(watch.line));
  }

  /** Takes changes, each newer than any of its client before. Returns how many took the place of one that waited. */
  take(locations: readonly Location[], sink: ChangeSink): number {
    let conflated = 0;
    for (const location of locations) {
      if (!this.isWatched(location.client)) continue;
      if (this.waiting.size === 0 && sink.mayTell()) sink.tell(location.line);
      else {
        if (this.waiting.has(location.client)) conflated += 1;
        this.hold(location);
      }
    }
    return conflated;
  }

  /** Tells what waits, as far as it may. */
  flush(sink: ChangeSink): void {
    for (const [client, location] of this.waiting) {
      if (!sink.mayTell()) return;
      this.drop(client);
      sink.tell(location.line);
    }
  }

  /** Nothing is told any more, and nothing watched. */
  close(): void {
    if (this.clients.size > 0) this.sendUnwatch(undefined);
    this.state = 'over';
    this.clear();
  }

  /** The connection is gone. */
  stop(): void {
    this.releasePlace();
  }

  private add(client: ClientId): void {
    if (this.clients.has(client)) return;
    this.clients.add(client);
    this.clientBytes += client.length;
  }

  private remove(client: ClientId): boolean {
    if (!this.clients.delete(client)) return false;
    this.clientBytes -= client.length;
    if (this.clients.size === 0) this.releasePlace();
    return true;
  }

  private clear(): void {
    this.clients.clear();
    this.clientBytes = 0;
    this.waiting.clear();
    this.waitingLocationBytes = 0;
    this.releasePlace();
  }

  private hold(location: Location): void {
    this.waitingLocationBytes += waitingLocationBytes(location) - this.waitingBytesOf(location.client);
    this.waiting.set(location.client, location);
  }

  private drop(client: ClientId): void {
    this.waitingLocationBytes -= this.waitingBytesOf(client);
    this.waiting.delete(client);
  }

  private waitingBytesOf(client: ClientId): number {
    const location = this.waiting.get(client);
    return location === undefined ? 0 : waitingLocationBytes(location);
  }

  private takePlace(): boolean {
    if (this.state === 'open' && !this.hasPlace) this.hasPlace = this.places.take(this.watcher.address);
    return this.state === 'over' || this.hasPlace;
  }

  private releasePlace(): void {
    if (this.hasPlace) this.places.release(this.watcher.address);
    this.hasPlace = false;
  }

  /** Drops the changes that wait only because of a watch that has just ended. */
  private dropUnwatched(client: ClientId): void {
    if (client !== everyone) {
      if (!this.clients.has(everyone)) this.drop(client);
      return;
    }
    const kept = [...this.clients].flatMap((named) => this.waiting.get(named) ?? []);
    this.waiting.clear();
    this.waitingLocationBytes = 0;
    for (const location of kept) this.hold(location);
  }

  private sendUnwatch(client: ClientId | undefined): void {
    this.bus.send(addresses.store, { kind: 'unwatch', watcher: this.watcher.self, client });
  }

  private isWatched(client: ClientId): boolean {
    return this.clients.has(client) || this.clients.has(everyone);
  }

  private takeAsked(question: number): PendingWatch | undefined {
    const watch = this.asked.get(question);
    this.asked.delete(question);
    return watch;
  }
}
