import type { LookupLine } from '../../protocol/peer/peer-line.js';
import type { ClientId, ServerId } from '../../protocol/place/ids.js';
import type { LocationBatch } from '../../protocol/place/location-batch.js';
import type { Instant } from '../../protocol/place/time.js';
import type { Address } from '../bus/bus.js';
import type { ListedMessage, RateLimitedRequest, RequestFailed } from '../bus/requests.js';
import type { Subscribe, Unsubscribe } from '../client/messages.js';
import type { PartitionHashes } from './anti-entropy.js';

/** Sent to the location store. */
export type StoreMessage =
  /** Locations reported by clients of this server, in the order of their receipt. The store removes those that are not new. */
  | { readonly kind: 'report'; readonly batch: LocationBatch }
  /** Locations received from another server, in the order of their receipt. The store removes those that are not new. */
  | {
      readonly kind: 'learned';
      readonly batch: LocationBatch;
      /** The neighbour that sent them; `viaNats` for locations received over NATS. */
      readonly from: ServerId;
    }
  /** A page of the locations that were on disk when the server started. */
  | { readonly kind: 'restored'; readonly batch: LocationBatch }
  /** Requests the location of a client. If the store does not know the client, it forwards the request to the client lookup. */
  | ({ readonly kind: 'whereis'; readonly client: ClientId } & RateLimitedRequest)
  /** Requests the stored location of a client as a page of its own: an empty one if it is not stored, without a lookup. */
  | {
      readonly kind: 'read';
      readonly client: ClientId;
      readonly replyTo: Address<ListedMessage>;
      readonly requestId: number;
    }
  /** Requests a page of stored locations. */
  | {
      readonly kind: 'list';
      /** 0, or `next` of the previous page. */
      readonly from: number;
      /** Locations in a page; a page may exceed it by a few dozen. */
      readonly max: number;
      readonly replyTo: Address<ListedMessage>;
      readonly requestId: number;
    }
  /** Forwarded to the subscription registry, in order with what is learned before and after it. */
  | Subscribe
  | Unsubscribe
  /** A neighbour looks up a client. */
  | { readonly kind: 'lookup-requested'; readonly from: ServerId; readonly lookup: LookupLine };

/** Sent to the location store by the links that compare it with the stores of neighbours. */
export type AntiEntropyMessage =
  /** A link requests the digest of the stored locations. */
  | {
      readonly kind: 'digest-requested';
      readonly neighbour: ServerId;
      /** Whether the link has just come up, which resets what is known of the neighbour. */
      readonly isNewLink: boolean;
    }
  /** A neighbour sent its digest: the link is sent the leaf hashes of the partitions that differ. */
  | {
      readonly kind: 'digest-received';
      readonly neighbour: ServerId;
      readonly partitionHashes: string;
      /** The latest time of receipt that the neighbour has evicted; undefined if it has evicted nothing. */
      readonly horizon: Instant | undefined;
    }
  /** A neighbour sent its leaf hashes of a partition that differs; the next catch-up covers the leaves that differ. */
  | ({ readonly kind: 'leaves-received'; readonly neighbour: ServerId } & PartitionHashes)
  /** Requests the first page of the locations that the neighbour may lack. */
  | { readonly kind: 'catch-up'; readonly neighbour: ServerId }
  | { readonly kind: 'next-page'; readonly neighbour: ServerId };

/** Sent to the actor that keeps locations on disk: responses to its `list` requests. */
export type DiskMessage = ListedMessage | RequestFailed;
