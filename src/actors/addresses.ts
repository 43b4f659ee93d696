import type { ServerId } from '../protocol/place/ids.js';
import { address } from './bus/bus.js';
import type { ConnectionMessage, GatewayMessage, SubscriptionMessage } from './client/messages.js';
import type { AcceptorMessage, ClockMonitorMessage, LinkMessage } from './peer/messages.js';
import type { FloodMessage, LookupMessage } from './replication/messages.js';
import type { NatsMessage, PartitionLookupMessage } from './replication/partitions/messages.js';
import type { ServerMessage } from './server/messages.js';
import type { AntiEntropyMessage, DiskMessage, StoreMessage } from './store/messages.js';
import type { PartitionStoreMessage } from './store/partition-messages.js';
import type { UpstreamMessage } from './upstream/messages.js';

/** The addresses of a server's actors. docs/explanation/architecture.md shows which actor sends to which. */
export const addresses = {
  server: address<ServerMessage>('server'),
  store: address<StoreMessage>('store'),
  /** The store's address, for the links. */
  antiEntropy: address<AntiEntropyMessage>('store'),
  /** The store's address, for replication over NATS. */
  partitionStore: address<PartitionStoreMessage>('store'),
  flood: address<FloodMessage>('flood'),
  subscriptions: address<SubscriptionMessage>('subscriptions'),
  clockMonitor: address<ClockMonitorMessage>('clock-monitor'),
  nats: address<NatsMessage>('nats'),
  disk: address<DiskMessage>('disk'),
  lookup: address<LookupMessage>('lookup'),
  /** The lookup's address in a herd on NATS. */
  partitionLookup: address<PartitionLookupMessage>('lookup'),
  upstream: address<UpstreamMessage>('upstream'),
  acceptor: address<AcceptorMessage>('acceptor'),
  gateway: address<GatewayMessage>('gateway'),
  link: (neighbour: ServerId) => address<LinkMessage>(`link/${neighbour}`),
  connection: (connection: number) => address<ConnectionMessage>(`connection/${connection}`),
};
