import type { LookupLine } from '../../protocol/peer/peer-line.js';
import type { ClientId, ServerId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import type { LocationBatch } from '../../protocol/place/location-batch.js';
import type { RateLimitedRequest } from '../bus/requests.js';

/** The sender of locations that were received over NATS, in place of a neighbour. No server can have this name. */
export const viaNats = ':nats' as ServerId;

/** Sent to every replicator: locations that are new to the store. */
export interface ReplicateMessage {
  readonly kind: 'replicate';
  readonly batch: LocationBatch;
  /** The neighbour that sent them, or `viaNats`; undefined if a client reported them. They are not sent back there. */
  readonly from: ServerId | undefined;
}

/** Sent to the flood. */
export type FloodMessage =
  | ReplicateMessage
  /** Sends locations to one neighbour, which looked them up. */
  | { readonly kind: 'send-to'; readonly batch: LocationBatch; readonly to: ServerId }
  /** Sends a page of a catch-up to one neighbour. */
  | { readonly kind: 'page'; readonly batch: LocationBatch; readonly to: ServerId; readonly isLast: boolean };

/** Sent to the client lookup. */
export type LookupMessage =
  /** The store forwards a `whereis` for a client that it does not know. */
  | ({
      readonly kind: 'lookup';
      readonly client: ClientId;
      /** The newest location that the store knows, if its partition may be newer elsewhere. */
      readonly known?: Location | undefined;
    } & RateLimitedRequest)
  /** A neighbour looks up a client that the store does not know. */
  | { readonly kind: 'peer-lookup'; readonly from: ServerId; readonly lookup: LookupLine }
  /** A neighbour found the client neither in its store nor behind it. */
  | { readonly kind: 'peer-unknown'; readonly from: ServerId; readonly id: string }
  /** Sent by the lookup to itself when a lookup times out. */
  | { readonly kind: 'lookup-timeout'; readonly id: string }
  /** The store learned a client that it did not know. */
  | {
      readonly kind: 'client-found';
      readonly location: Location;
      /** Whether the flood sends it to the neighbours: not if the store evicted it. */
      readonly isFlooded: boolean;
    };
