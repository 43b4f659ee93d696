import type { ClientId } from '../../../protocol/place/ids.js';
import type { Location } from '../../../protocol/place/location.js';
import type { MachineFailed, ResponseMessage } from '../../bus/requests.js';
import type { PubSubSession } from '../../ports/pub-sub.js';
import type { PartitionStoreResponse } from '../../store/partition-messages.js';
import type { ReplicateMessage } from '../messages.js';

/** Sent to the actor that replicates over NATS. */
export type NatsMessage =
  | ReplicateMessage
  | PartitionStoreResponse
  /** Reports of the session: see `PubSubHandler`. */
  | { readonly kind: 'session-opened'; readonly session: PubSubSession }
  | {
      readonly kind: 'session-message';
      readonly session: PubSubSession;
      readonly subject: string;
      readonly payload: Uint8Array;
      readonly replyTo: string;
    }
  | { readonly kind: 'session-unanswered'; readonly session: PubSubSession; readonly replyTo: string }
  | { readonly kind: 'session-closed'; readonly session: PubSubSession; readonly reason: string }
  /** Sent by the actor to itself. */
  | { readonly kind: 'heartbeat-due' | 'announcement-due' | 'evaluation-due' | 'comparison-due' | 'retained-page-due' }
  /** The first subscription to a client, or to all clients, has begun, or the last one has ended. */
  | { readonly kind: 'watched' | 'unwatched'; readonly client: ClientId }
  /** Sends a lookup to the complete holders' queue group, or directly to each holder. */
  | { readonly kind: 'send-lookup'; readonly id: number; readonly client: ClientId; readonly to: 'queue' | 'holders' }
  /** The server stops: hands its partitions over, and responds `replication-left` to the server. */
  | { readonly kind: 'leave' }
  /** Responses to the lookups of watched clients. */
  | ResponseMessage
  | MachineFailed;

/** Sent to the lookup in a herd on NATS. */
export type PartitionLookupMessage =
  /** A holder has responded. */
  | { readonly kind: 'lookup-response'; readonly id: number; readonly location: Location | undefined }
  /** No server has received the lookup. */
  | { readonly kind: 'lookup-unanswered'; readonly id: number }
  /** The number of servers to which a lookup was sent directly. */
  | { readonly kind: 'lookup-sent'; readonly id: number; readonly count: number }
  /** Sent by the lookup to itself: half of its time, or all of it, is over. */
  | { readonly kind: 'lookup-retry' | 'lookup-expired'; readonly id: number };
