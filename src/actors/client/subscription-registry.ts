import { allClients } from '../../protocol/client/command.js';
import type { ClientId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import { leafOf } from '../../protocol/place/digest.js';
import type { LocationBatch } from '../../protocol/place/location-batch.js';
import { LeafNumbers } from '../../protocol/place/leaf-numbers.js';
import type { Actor, Address, Bus } from '../bus/bus.js';
import type { Limits } from '../ports/limits.js';
import { addresses } from '../addresses.js';
import type { ConnectionMessage, SubscriptionMessage, Subscribe } from './messages.js';
import type { SharedLimits } from './shared-limits.js';

/** A connection with subscriptions. */
interface Subscriber {
  readonly address: Address<ConnectionMessage>;
  /** Clients that it watches. */
  readonly clients: Set<ClientId>;
  /** Changes that it is to be sent; empty between messages. */
  changes: Location[];
}

/** Maximum connections that watch the same client: each change costs a line per connection. */
export const maxSubscribersPerClient = 1_000;

/** Maximum subscriptions of one connection. */
export const maxSubscriptionsPerConnection = 1_000;

/**
 * Registry of subscriptions: sends each connection the changes of the clients that it watches, one message for all changes learned
 * together. A client without subscribers costs a map lookup.
 */
export class SubscriptionRegistry implements Actor<SubscriptionMessage> {
  /** Subscribers per client; `allClients` is one of the keys. */
  private readonly subscribersByClient = new Map<ClientId, Set<Subscriber>>();
  /** The number of watched clients in each leaf of the digest. */
  private readonly watchedPerLeaf = new LeafNumbers();
  private readonly subscribers = new Map<Address<ConnectionMessage>, Subscriber>();

  /**
   * @param sendsWatched whether replication over NATS is sent the watched clients
   * @param shared receives the number of connections that watch all clients
   */
  constructor(
    private readonly bus: Bus,
    private readonly limits: Pick<Limits, 'maxAllClientsSubscribers'>,
    private readonly shared: Pick<SharedLimits, 'allClientsSubscribers'>,
    private readonly sendsWatched: boolean,
  ) {}

  receive(message: SubscriptionMessage): void {
    switch (message.kind) {
      case 'subscribe':
        return this.subscribe(message, message.location);
      case 'unsubscribe':
        return this.unsubscribe(message.subscriber, message.client);
      case 'learned':
        return this.publishChanges(message.batch);
      default:
        message satisfies never;
    }
  }

  stop(): void {
    for (const subscriber of this.subscribers.keys()) this.bus.send(subscriber, { kind: 'subscription-lost' });
    for (const client of this.subscribersByClient.keys()) this.notifyReplication('unwatched', client);
    this.subscribersByClient.clear();
    this.watchedPerLeaf.clear();
    this.subscribers.clear();
    this.updateWildcardCount();
    this.publishSubscriberCount();
  }

  private subscribe({ client, replyTo, requestId }: Subscribe, location: Location | undefined): void {
    const subscribers = this.subscribersByClient.get(client) ?? new Set();
    const subscriber = this.subscribers.get(replyTo) ?? { address: replyTo, clients: new Set(), changes: [] };
    const { clients } = subscriber;
    if (clients.has(client)) return this.bus.send(replyTo, { kind: 'subscribed', requestId, location: undefined });
    const maxSubscribers = client === allClients ? this.limits.maxAllClientsSubscribers : maxSubscribersPerClient;
    if (subscribers.size >= maxSubscribers || clients.size >= maxSubscriptionsPerConnection) {
      return this.bus.send(replyTo, { kind: 'subscription-rejected', requestId });
    }
    if (subscribers.size === 0) this.countWatched(client, 1);
    this.subscribersByClient.set(client, subscribers.add(subscriber));
    this.subscribers.set(replyTo, subscriber);
    clients.add(client);
    this.updateWildcardCount();
    this.bus.send(replyTo, { kind: 'subscribed', requestId, location: client === allClients ? undefined : location });
    if (subscribers.size === 1) this.notifyReplication('watched', client);
    if (clients.size === 1) this.publishSubscriberCount();
  }

  private unsubscribe(address: Address<ConnectionMessage>, client: ClientId | undefined): void {
    const subscriber = this.subscribers.get(address);
    if (subscriber === undefined) return;
    const { clients } = subscriber;
    for (const subscribedClient of client === undefined ? clients : [client])
      this.removeSubscriber(subscriber, subscribedClient);
    this.updateWildcardCount();
    if (client === undefined) clients.clear();
    else clients.delete(client);
    if (clients.size > 0) return;
    this.subscribers.delete(address);
    this.publishSubscriberCount();
  }

  private removeSubscriber(subscriber: Subscriber, client: ClientId): void {
    const subscribers = this.subscribersByClient.get(client);
    if (subscribers?.delete(subscriber) !== true || subscribers.size > 0) return;
    this.subscribersByClient.delete(client);
    this.countWatched(client, -1);
    this.notifyReplication('unwatched', client);
  }

  private countWatched(client: ClientId, change: 1 | -1): void {
    const leaf = leafOf(client);
    this.watchedPerLeaf.set(leaf, this.watchedPerLeaf.get(leaf) + change);
  }

  private notifyReplication(kind: 'watched' | 'unwatched', client: ClientId): void {
    if (this.sendsWatched) this.bus.send(addresses.nats, { kind, client });
  }

  private publishChanges(batch: LocationBatch): void {
    const wildcardSubscribers = this.subscribersByClient.get(allClients);
    if (wildcardSubscribers !== undefined) {
      const locations = [...batch];
      for (const { address } of wildcardSubscribers) this.bus.send(address, { kind: 'changed', locations });
    }
    // If all subscribers watch all clients, there are none for single clients.
    if ((wildcardSubscribers?.size ?? 0) === this.subscribers.size) return;
    const recipients: Subscriber[] = [];
    for (let row = 0; row < batch.count; row += 1) {
      // Most clients are not watched: their locations are not decoded.
      if (this.watchedPerLeaf.get(batch.leaf(row)) === 0) continue;
      const location = batch.location(row);
      const subscribers = this.subscribersByClient.get(location.client);
      if (subscribers === undefined) continue;
      for (const subscriber of subscribers) {
        if (wildcardSubscribers?.has(subscriber) === true) continue;
        if (subscriber.changes.length === 0) recipients.push(subscriber);
        subscriber.changes.push(location);
      }
    }
    for (const subscriber of recipients) {
      this.bus.send(subscriber.address, { kind: 'changed', locations: subscriber.changes });
      subscriber.changes = [];
    }
  }

  private updateWildcardCount(): void {
    this.shared.allClientsSubscribers = this.subscribersByClient.get(allClients)?.size ?? 0;
  }

  private publishSubscriberCount(): void {
    this.bus.publish({ kind: 'subscribers', subscribers: this.subscribers.size });
  }
}
