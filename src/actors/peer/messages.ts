import type { LookupLine, UnknownLine } from '../../protocol/peer/peer-line.js';
import type { ServerId } from '../../protocol/place/ids.js';
import type { LocationBatch } from '../../protocol/place/location-batch.js';
import type { Instant } from '../../protocol/place/time.js';
import type { Address } from '../bus/bus.js';
import type { MachineFailed } from '../bus/requests.js';
import type { PeerChannel, PeerChannelMessage } from '../ports/transport.js';
import type { PartitionHashes } from '../store/anti-entropy.js';

/** Sent to the link to a neighbour. */
export type LinkMessage =
  | PeerChannelMessage
  /** The neighbour dialled and completed the handshake. */
  | { readonly kind: 'peer-accepted'; readonly channel: PeerChannel }
  /** New locations, with this server as their forwarder; the same batch for every neighbour. */
  | { readonly kind: 'forward'; readonly batch: LocationBatch }
  /** The digest of the store, and the latest time of receipt that it has evicted, if any. */
  | { readonly kind: 'digest'; readonly partitionHashes: string; readonly horizon: Instant | undefined }
  /** The client lookup sends the neighbour a request or a response. */
  | { readonly kind: 'send-line'; readonly line: LookupLine | UnknownLine }
  /** The server listens for peers now; neighbours that dial it are told ([PE29]). */
  | { readonly kind: 'announce' }
  /** The server stops; the neighbour is told why the link will close. */
  | { readonly kind: 'send-goodbye' }
  /** The leaf hashes of the partitions in which the neighbour's digest differs. */
  | { readonly kind: 'digest-compared'; readonly differingPartitions: readonly PartitionHashes[] }
  /** A page of locations that the neighbour may lack, with this server as their forwarder. */
  | { readonly kind: 'page'; readonly batch: LocationBatch; readonly isLast: boolean }
  /** Sent by the link to itself while it is connected: to send a heartbeat and check for the neighbour's, and to compare digests. */
  | { readonly kind: 'heartbeat-due' | 'comparison-due' }
  /** Sent by the link to itself: the pause after a page of a catch-up, or after a comparison, is over. */
  | { readonly kind: 'page-due' | 'compare-due' }
  | MachineFailed;

/** Sent to the clock monitor by the links. */
export type ClockMonitorMessage =
  /** A neighbour sent a heartbeat, which carries its time of day. */
  | {
      readonly kind: 'clock-received';
      readonly neighbour: ServerId;
      /** The neighbour's clock minus the server's own, in milliseconds. */
      readonly offsetMs: number;
    }
  /** The neighbour is not connected any more. */
  | { readonly kind: 'clock-lost'; readonly neighbour: ServerId };

/** The owner of an accepted channel: the acceptor, then, when the handshake is complete, the link. */
export interface ChannelOwner {
  address: Address<PeerChannelMessage>;
  /** Whether the channel has not reported that it is closed. */
  isChannelOpen: boolean;
}

/** Sent to the acceptor, which owns incoming peer channels until their handshake is complete. */
export type AcceptorMessage =
  | PeerChannelMessage
  | { readonly kind: 'channel-accepted'; readonly channel: PeerChannel; readonly owner: ChannelOwner }
  /** Sent by the acceptor to itself: the handshake of a channel has timed out. */
  | { readonly kind: 'handshake-due'; readonly channel: PeerChannel }
  /** Sent by the acceptor to itself behind the message that hands a channel over to its link: the link owns it now. */
  | { readonly kind: 'handed-over'; readonly channel: PeerChannel };
