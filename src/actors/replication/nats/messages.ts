import type { ClientId, ServerId } from '../../../protocol/place/ids.js';
import type { Location } from '../../../protocol/place/location.js';
import type { ListedMessage, MachineFailed, RequestFailed } from '../../bus/requests.js';
import type { BucketEntry, BucketSession, GetOutcome, PutOutcome } from '../../ports/location-bucket.js';
import type { ReplicateMessage } from '../messages.js';
import type { Write } from './bucket-writes.js';

/** The source of locations read from the bucket. Not a valid server ID, so no server has it. */
export const fromBucket = ':bucket' as ServerId;

/** Sent to a store that holds only some clients, besides the messages of every store. */
export type TouchedStoreMessage =
  /** What the bucket holds of a client; undefined if nothing, or if the request failed. */
  | { readonly kind: 'fetched'; readonly client: ClientId; readonly location: Location | undefined }
  /** A client has its first subscriber by name, or none any more. */
  | { readonly kind: 'watched'; readonly client: ClientId }
  | { readonly kind: 'unwatched'; readonly client: ClientId }
  /** The bucket is connected again; changes made meanwhile were not received. */
  | { readonly kind: 'bucket-back' };

/** Reports of a bucket session, sent to the actor that owns it. */
export type BucketMessage =
  | { readonly kind: 'bucket-opened'; readonly session: BucketSession }
  | { readonly kind: 'bucket-warned'; readonly session: BucketSession; readonly reason: string }
  | { readonly kind: 'bucket-changed'; readonly session: BucketSession; readonly entries: readonly BucketEntry[] }
  | { readonly kind: 'bucket-loaded'; readonly session: BucketSession }
  | { readonly kind: 'bucket-closed'; readonly session: BucketSession; readonly reason: string };

/** Why a client that is not held is fetched: for a pending request, or for a subscription. */
export type FetchReason = 'question' | 'watch';

/** Sent to the actor that replicates through a bucket. */
export type BucketSpreadMessage =
  | ReplicateMessage
  | BucketMessage
  | ListedMessage
  /** The store failed to list a page. */
  | RequestFailed
  /** Requests a client that the store does not hold; the store is sent `fetched`. */
  | { readonly kind: 'fetch'; readonly client: ClientId; readonly reason: FetchReason }
  /** The client is not needed any more for that reason. */
  | { readonly kind: 'fetch-dropped'; readonly client: ClientId; readonly reason: FetchReason }
  /** Time to retry fetches that failed. */
  | { readonly kind: 'fetch-due' }
  /** Time to write what was reported: the clients have their responses. */
  | { readonly kind: 'write-due' }
  /** Time to list the next page of the store, from a cursor on, for the comparison with the bucket. */
  | { readonly kind: 'page-due'; readonly from: number }
  | {
      readonly kind: 'put-ended';
      readonly session: BucketSession;
      readonly write: Write;
      readonly outcome: PutOutcome;
    }
  | {
      readonly kind: 'get-ended';
      readonly session: BucketSession;
      readonly write: Write;
      readonly outcome: GetOutcome;
    }
  | {
      readonly kind: 'fetch-ended';
      readonly session: BucketSession;
      readonly client: ClientId;
      readonly outcome: GetOutcome;
    }
  | MachineFailed;

/** Sent to a lookup that queries the bucket, besides the messages of every lookup. */
export type BucketLookupMessage =
  /** The bucket holds nothing of a client, or the request failed. */
  | { readonly kind: 'nowhere'; readonly client: ClientId }
  /** Sent by the lookup to itself when a fetch times out. */
  | { readonly kind: 'fetch-overdue'; readonly client: ClientId };
