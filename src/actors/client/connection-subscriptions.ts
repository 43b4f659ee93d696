import type { ByteString } from '../../protocol/text/bytes.js';
import { allClients, formatInvalid, formatUnwatched, formatWatching } from '../../protocol/client/command.js';
import type { ClientId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import type { AddressQuota } from './address-quota.js';
import type { ResponseQueue, PendingResponse } from './response-queue.js';
import type { Address, Bus } from '../bus/bus.js';
import { ConflatingQueue, type OfferResult } from '../store/conflating-queue.js';
import { queuedLocationBytes } from '../store/location-bytes.js';
import { addresses } from '../addresses.js';
import type { ConnectionMessage } from './messages.js';

/** Maximum bytes of the IDs of all clients that one connection watches. */
const maxSubscribedIdBytes = 262_144;

/** Maximum clients with a queued change for one subscriber, at about 50 bytes each. A slower subscriber is disconnected. */
export const maxPendingChanges = 100_000;

/** Bytes of memory per subscription besides the client ID: its entries here and in the subscription registry. */
const subscriptionOverheadBytes = 400;

/** The connection that subscribes. */
interface Subscriber {
  readonly self: Address<ConnectionMessage>;
  readonly remoteHost: string;
}

/** Output for changes of watched clients. */
export interface ChangeSink {
  /** Whether a line may be sent now: no response is pending, and the output buffer has room. */
  canSend(): boolean;
  /** Sends a line, given without its line end. */
  send(line: ByteString): void;
}

/** A WATCH without a response. */
interface PendingSubscription {
  readonly line: ByteString;
  readonly client: ClientId;
  readonly response: PendingResponse;
}

/** The subscriptions of one connection, and the changes that wait while lines may not be sent. */
export class ConnectionSubscriptions {
  /** Clients with an active or requested subscription; may contain `allClients`. */
  private readonly clients = new Set<ClientId>();
  private readonly pending = new Map<number, PendingSubscription>();
  /** Bytes of the IDs in `clients`. */
  private clientBytes = 0;
  private readonly changes = new ConflatingQueue<Location>({
    placeOfReplacement: 'same',
    maxClients: maxPendingChanges,
    bytesOf: queuedLocationBytes,
  });
  private hasDroppedChanges = false;
  private isClosed = false;
  /** Whether the connection holds a unit of its host's quota, as it does while it has subscriptions. */
  private hasQuota = false;

  /** @param quota limits the connections with subscriptions per remote host */
  constructor(
    private readonly bus: Bus,
    private readonly subscriber: Subscriber,
    private readonly responses: ResponseQueue,
    private readonly quota: AddressQuota,
  ) {}

  /** The number of active and requested subscriptions. */
  get size(): number {
    return this.clients.size;
  }

  /** Whether changes of more than `maxPendingChanges` clients were queued and dropped. */
  get hasOverflowed(): boolean {
    return this.hasDroppedChanges;
  }

  /** Bytes of memory of the queued changes and the subscriptions. */
  get bufferedBytes(): number {
    return this.changes.bytes + this.clientBytes + this.clients.size * subscriptionOverheadBytes;
  }

  /** Handles a WATCH; the response is complete when the subscription is active. */
  subscribe(client: ClientId, line: ByteString, requestId: number): void {
    if (this.clientBytes + client.length > maxSubscribedIdBytes || !this.acquireQuota())
      return this.responses.add(formatInvalid(line));
    if (!this.isClosed) this.add(client);
    this.pending.set(requestId, { line, client, response: this.responses.reserve() });
    this.bus.send(addresses.store, { kind: 'subscribe', client, replyTo: this.subscriber.self, requestId });
  }

  /**
   * Handles an UNWATCH; queued changes are dropped. The work is bounded by the number of subscriptions, never by the number of queued
   * changes.
   */
  unsubscribe(client: ClientId | undefined): void {
    if (client === undefined) this.clear();
    else if (this.remove(client)) this.dropUnsubscribed(client);
    this.sendUnsubscribe(this.clients.size === 0 ? undefined : client);
    this.responses.add(formatUnwatched(client));
  }

  /** Handles the start of a subscription; the client's present location is sent first. */
  handleSubscribed(requestId: number, location: Location | undefined): void {
    const subscription = this.takePending(requestId);
    if (subscription === undefined) return;
    if (location !== undefined && this.isSubscribed(subscription.client)) this.enqueue(location);
    this.responses.complete(subscription.response, formatWatching(subscription.client));
  }

  /** Handles a subscription that exceeds a limit or failed. */
  handleRejected(requestId: number): void {
    const subscription = this.takePending(requestId);
    if (subscription === undefined) return;
    this.remove(subscription.client);
    this.responses.complete(subscription.response, formatInvalid(subscription.line));
  }

  /** Sends or queues changes, each newer than earlier ones of its client. Returns the number of queued changes that were replaced. */
  acceptChanges(locations: readonly Location[], sink: ChangeSink): number {
    let conflatedCount = 0;
    for (const location of locations) {
      if (!this.isSubscribed(location.client)) continue;
      if (this.changes.size === 0 && sink.canSend()) sink.send(location.line);
      else if (this.enqueue(location) === 'replaced') conflatedCount += 1;
    }
    return conflatedCount;
  }

  /** Sends queued changes while the sink accepts them. */
  flush(sink: ChangeSink): void {
    if (this.changes.size === 0) return;
    for (const { line } of this.changes.drain(() => sink.canSend())) sink.send(line);
  }

  /** Ends all subscriptions, and rejects later ones. */
  close(): void {
    if (this.clients.size > 0) this.sendUnsubscribe(undefined);
    this.isClosed = true;
    this.clear();
  }

  /** Releases the quota of a closed connection. */
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
    this.changes.clear();
    this.releaseQuota();
  }

  private enqueue(location: Location): OfferResult {
    const result = this.changes.offer(location);
    if (result === 'overflow') this.hasDroppedChanges = true;
    return result;
  }

  private acquireQuota(): boolean {
    if (!this.isClosed && !this.hasQuota) this.hasQuota = this.quota.tryAcquire(this.subscriber.remoteHost);
    return this.isClosed || this.hasQuota;
  }

  private releaseQuota(): void {
    if (this.hasQuota) this.quota.release(this.subscriber.remoteHost);
    this.hasQuota = false;
  }

  /** Drops the queued changes that no remaining subscription covers. */
  private dropUnsubscribed(client: ClientId): void {
    if (client !== allClients) {
      if (!this.clients.has(allClients)) this.changes.remove(client);
      return;
    }
    const remainingChanges = [...this.clients].flatMap((subscribedClient) => this.changes.get(subscribedClient) ?? []);
    this.changes.clear();
    for (const location of remainingChanges) this.enqueue(location);
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
