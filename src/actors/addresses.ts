import type { ServerId } from '../protocol/place/ids.js';
import { address } from './bus/bus.js';
import type { ConnectionMessage, GatewayMessage, SubscriptionMessage } from './client/messages.js';
import type { AcceptorMessage, ClockMonitorMessage, LinkMessage } from './peer/messages.js';
import type { FloodMessage, LookupMessage } from './replication/messages.js';
import type { BucketLookupMessage, BucketSpreadMessage, TouchedStoreMessage } from './replication/nats/messages.js';
import type { ServerMessage } from './server/messages.js';
import type { AntiEntropyMessage, DiskMessage, StoreMessage } from './store/messages.js';
import type { UpstreamMessage } from './upstream/messages.js';

/** The addresses of a server's actors. docs/explanation/architecture.md shows which actor sends to which. */
export const addresses = {
  server: address<ServerMessage>('server'),
  store: address<StoreMessage>('store'),
  /** The store's address, for the links: a store that holds only some clients has none. */
  antiEntropy: address<AntiEntropyMessage>('store'),
  /** The store's address, for messages to a store that holds only some clients. */
  touchedStore: address<TouchedStoreMessage>('store'),
  flood: address<FloodMessage>('flood'),
  subscriptions: address<SubscriptionMessage>('subscriptions'),
  clockMonitor: address<ClockMonitorMessage>('clock-monitor'),
  bucketSpread: address<BucketSpreadMessage>('bucket'),
  disk: address<DiskMessage>('disk'),
  lookup: address<LookupMessage>('lookup'),
  /** The lookup's address, for messages to a lookup that queries the bucket. */
  bucketLookup: address<BucketLookupMessage>('lookup'),
  upstream: address<UpstreamMessage>('upstream'),
  acceptor: address<AcceptorMessage>('acceptor'),
  gateway: address<GatewayMessage>('gateway'),
  link: (neighbour: ServerId) => address<LinkMessage>(`link/${neighbour}`),
  connection: (connection: number) => address<ConnectionMessage>(`connection/${connection}`),
};
