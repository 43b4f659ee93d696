import type { PartitionHash } from '../../protocol/nats/messages.js';
import type { ClientId, ServerId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import type { LocationBatch } from '../../protocol/place/location-batch.js';
import type { Instant } from '../../protocol/place/time.js';
import type { PartitionHashes } from './anti-entropy.js';
import type { RetainedCursor } from './unheld-locations.js';

/** Why hashes of partitions are requested; returned with them. */
export type HashRequest =
  /** To send them to another server. */
  | { readonly kind: 'send'; readonly to: ServerId; readonly purpose: 'ask' | 'sync' | 'answer' | 'handover' }
  /** To compare them with those that another server sent. */
  | {
      readonly kind: 'compare';
      readonly from: ServerId;
      readonly purpose: 'ask' | 'sync' | 'answer' | 'handover';
      readonly theirs: readonly PartitionHash[];
    }
  /** To find the partitions of which locations were on disk. */
  | { readonly kind: 'restored' };

/** Sent to the store by the actor that replicates over NATS. */
export type PartitionStoreMessage =
  /** The state of a partition has changed. The locations of one that is not held any more are removed. */
  | {
      readonly kind: 'partition-state';
      readonly partition: number;
      readonly isHeld: boolean;
      /** Whether it is only held until others have it: reports in it are retained as well. */
      readonly isLeaving: boolean;
      /** Whether requests for its clients are answered without a lookup at other servers. */
      readonly isComplete: boolean;
    }
  | { readonly kind: 'hash-partitions'; readonly partitions: readonly number[]; readonly request: HashRequest }
  | { readonly kind: 'hash-leaves'; readonly partition: number; readonly from: ServerId }
  /** Another server pulls the locations of a partition in the leaves that differ. The response is the first page. */
  | ({
      readonly kind: 'pull';
      readonly by: ServerId;
      readonly horizon: Instant | undefined;
      readonly maxBytes: number;
    } & PartitionHashes)
  | { readonly kind: 'pull-next'; readonly by: ServerId; readonly partition: number; readonly maxBytes: number }
  /** Locations of partitions that are not held, received because some of their clients are watched. */
  | { readonly kind: 'observed'; readonly batch: LocationBatch }
  | { readonly kind: 'watch' | 'unwatch'; readonly client: ClientId }
  /** Drops the older generation of retained reports, and retains further ones in a new generation. */
  | { readonly kind: 'rotate-retained' }
  /** Requests a page of the retained reports in some partitions. */
  | { readonly kind: 'list-retained'; readonly cursor: RetainedCursor; readonly partitions: ReadonlySet<number> }
  /** A server that may have been pulling is gone. */
  | { readonly kind: 'pulls-ended'; readonly by: ServerId }
  /** Another server looks up a client. */
  | { readonly kind: 'remote-lookup'; readonly client: ClientId; readonly replyTo: string };

/** Responses of the store. */
export type PartitionStoreResponse =
  | { readonly kind: 'partition-hashes'; readonly hashes: readonly PartitionHash[]; readonly request: HashRequest }
  | ({ readonly kind: 'leaf-hashes'; readonly from: ServerId; readonly horizon: Instant | undefined } & PartitionHashes)
  | {
      readonly kind: 'pull-page';
      readonly by: ServerId;
      readonly partition: number;
      readonly batch: LocationBatch;
      readonly isLast: boolean;
    }
  | { readonly kind: 'retained-page'; readonly batch: LocationBatch; readonly next: RetainedCursor | undefined }
  | { readonly kind: 'remote-lookup-done'; readonly location: Location | undefined; readonly replyTo: string };
