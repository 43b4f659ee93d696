import type { ByteString } from '../../protocol/text/bytes.js';
import { allClients, formatInvalid, formatUnwatched, formatWatching } from '../../protocol/client/command.js';
import type { ClientId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import type { AddressQuota } from './address-quota.js';
import type { ResponseQueue, PendingResponse } from './response-queue.js';
import type { Address, Bus } from '../bus/bus.js';
import { queuedLocationBytes } from '../store/location-bytes.js';
import { addresses } from '../addresses.js';
import type { ConnectionMessage } from './messages.js';

/** Bytes of the IDs that one connection may watch, together. */
const maxSubscribedIdBytes = 262_144;

/** Bytes that a watched client takes besides its ID: its entries here and in the sets of the actor that knows who watches whom. */
const subscriptionOverheadBytes = 400;

/** Who watches: where it is reached, and what it is counted by. */
interface Subscriber {
  readonly self: Address<ConnectionMessage>;
  readonly remoteHost: string;
}

/** Where a client is told of changes. */
export interface ChangeSink {
  /** Whether a line may go out now: no answer waits, and the client takes what it is sent. */
  canSend(): boolean;
  /** Sends a line, given without its line end. */
  send(line: ByteString): void;
}

/** A WATCH on its way. */
interface PendingSubscription {
  readonly line: ByteString;
  readonly client: ClientId;
  readonly response: PendingResponse;
}

/**
 * What one connection watches, and what it has yet to be told. While it may not be told, the newest location of each client
 * waits and nothing else: memory is bounded by clients, not by updates.
 */
export class ConnectionSubscriptions {
  /** What it watches, or has asked to; `allClients` may be one of them. */
  private readonly clients = new Set<ClientId>();
  private readonly pending = new Map<number, PendingSubscription>();
  /** Bytes of the IDs in `clients`. */
  private clientBytes = 0;
  private readonly pendingChanges = new Map<ClientId, Location>();
  private pendingChangeBytes = 0;
  private isClosed = false;
  /** Whether it has one of the places of its address, as it must while it watches anything. */
  private hasQuota = false;

  /** @param quota connections of each address that watch */
  constructor(
    private readonly bus: Bus,
    private readonly subscriber: Subscriber,
    private readonly responses: ResponseQueue,
    private readonly quota: AddressQuota,
  ) {}

  /** How much is watched; of what was asked for, all. */
  get size(): number {
    return this.clients.size;
  }

  /** Of how many clients a location waits. */
  get pendingChangeCount(): number {
    return this.pendingChanges.size;
  }

  /** Bytes of memory that the changes take that wait, and the IDs that are watched. */
  get bufferedBytes(): number {
    return this.pendingChangeBytes + this.clientBytes + this.clients.size * subscriptionOverheadBytes;
  }

  /** Takes a WATCH; it is answered when it has begun. */
  subscribe(client: ClientId, line: ByteString, requestId: number): void {
    if (this.clientBytes + client.length > maxSubscribedIdBytes || !this.acquireQuota())
      return this.responses.add(formatInvalid(line));
    if (!this.isClosed) this.add(client);
    this.pending.set(requestId, { line, client, response: this.responses.reserve() });
    this.bus.send(addresses.store, { kind: 'subscribe', client, replyTo: this.subscriber.self, requestId });
  }

  /**
   * Takes an UNWATCH. What waits is not told any more. The work is bounded by the number of watched clients, never by the number
   * of changes that wait.
   */
  unsubscribe(client: ClientId | undefined): void {
    if (client === undefined) this.clear();
    else if (this.remove(client)) this.dropUnsubscribed(client);
    this.sendUnsubscribe(this.clients.size === 0 ? undefined : client);
    this.responses.add(formatUnwatched(client));
  }

  /** From now on changes are told; where the client is now, is told first. */
  handleSubscribed(requestId: number, location: Location | undefined): void {
    const subscription = this.takePending(requestId);
    if (subscription === undefined) return;
    if (location !== undefined && this.isSubscribed(subscription.client)) this.bufferChange(location);
    this.responses.complete(subscription.response, formatWatching(subscription.client));
  }

  /** There is too much to watch already; or who was asked broke down over it. */
  handleRejected(requestId: number): void {
    const subscription = this.takePending(requestId);
    if (subscription === undefined) return;
    this.remove(subscription.client);
    this.responses.complete(subscription.response, formatInvalid(subscription.line));
  }

  /** Takes changes, each newer than any of its client before. Returns how many took the place of one that waited. */
  acceptChanges(locations: readonly Location[], sink: ChangeSink): number {
    let conflatedCount = 0;
    for (const location of locations) {
      if (!this.isSubscribed(location.client)) continue;
      if (this.pendingChanges.size === 0 && sink.canSend()) sink.send(location.line);
      else {
        if (this.pendingChanges.has(location.client)) conflatedCount += 1;
        this.bufferChange(location);
      }
    }
    return conflatedCount;
  }

  /** Tells what waits, as far as it may. */
  flush(sink: ChangeSink): void {
    for (const [client, location] of this.pendingChanges) {
      if (!sink.canSend()) return;
      this.dropChange(client);
      sink.send(location.line);
    }
  }

  /** Nothing is told any more, and nothing watched. */
  close(): void {
    if (this.clients.size > 0) this.sendUnsubscribe(undefined);
    this.isClosed = true;
    this.clear();
  }

  /** The connection is gone. */
  stop(): void {
    this.releaseQuota();
  }

  private add(client: ClientId): void {
    if (this.clients.has(client)) return;
    this.clients.add(client);
    this.clientBytes += client.length;
  }

  private remove(client: ClientId): boolean {
    if (!this.clients.delete(client)) return false;
    this.clientBytes -= client.length;
    if (this.clients.size === 0) this.releaseQuota();
    return true;
  }

  private clear(): void {
    this.clients.clear();
    this.clientBytes = 0;
    this.pendingChanges.clear();
    this.pendingChangeBytes = 0;
    this.releaseQuota();
  }

  private bufferChange(location: Location): void {
    this.pendingChangeBytes += queuedLocationBytes(location) - this.pendingBytesOf(location.client);
    this.pendingChanges.set(location.client, location);
  }

  private dropChange(client: ClientId): void {
    this.pendingChangeBytes -= this.pendingBytesOf(client);
    this.pendingChanges.delete(client);
  }

  private pendingBytesOf(client: ClientId): number {
    const location = this.pendingChanges.get(client);
    return location === undefined ? 0 : queuedLocationBytes(location);
  }

  private acquireQuota(): boolean {
    if (!this.isClosed && !this.hasQuota) this.hasQuota = this.quota.tryAcquire(this.subscriber.remoteHost);
    return this.isClosed || this.hasQuota;
  }

  private releaseQuota(): void {
    if (this.hasQuota) this.quota.release(this.subscriber.remoteHost);
    this.hasQuota = false;
  }

  /** Drops the changes that wait only because of a watch that has just ended. */
  private dropUnsubscribed(client: ClientId): void {
    if (client !== allClients) {
      if (!this.clients.has(allClients)) this.dropChange(client);
      return;
    }
    const remainingChanges = [...this.clients].flatMap(
      (subscribedClient) => this.pendingChanges.get(subscribedClient) ?? [],
    );
    this.pendingChanges.clear();
    this.pendingChangeBytes = 0;
    for (const location of remainingChanges) this.bufferChange(location);
  }

  private sendUnsubscribe(client: ClientId | undefined): void {
    this.bus.send(addresses.store, { kind: 'unsubscribe', subscriber: this.subscriber.self, client });
  }

  private isSubscribed(client: ClientId): boolean {
    return this.clients.has(client) || this.clients.has(allClients);
  }

  private takePending(requestId: number): PendingSubscription | undefined {
    const subscription = this.pending.get(requestId);
    this.pending.delete(requestId);
    return subscription;
  }
}
