import type { ClientId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import type { LocationBatch } from '../../protocol/place/location-batch.js';
import type { WordBuffer } from '../../protocol/text/word-buffer.js';
import type { Instant } from '../../protocol/place/time.js';
import type { Address } from '../bus/bus.js';
import type { ListedMessage, MachineFailed, ResponseMessage } from '../bus/requests.js';

/** Subscribes a connection to the changes of one client, or of all clients. */
export interface Subscribe {
  readonly kind: 'subscribe';
  /** `allClients` for all. */
  readonly client: ClientId;
  readonly replyTo: Address<ConnectionMessage>;
  /** Chosen by the connection. */
  readonly requestId: number;
}

/** Ends one subscription of a connection, or all of them. */
export interface Unsubscribe {
  readonly kind: 'unsubscribe';
  readonly subscriber: Address<ConnectionMessage>;
  /** Undefined for all subscriptions. */
  readonly client: ClientId | undefined;
}

/** Sent to the actor of a client connection. */
export type ConnectionMessage =
  /** A chunk of input, in a buffer that is valid while the message is handled. */
  | {
      readonly kind: 'bytes';
      readonly buffer: WordBuffer;
      readonly start: number;
      readonly end: number;
      readonly receivedAt: Instant;
    }
  /** The client closed its sending side. It still reads. */
  | { readonly kind: 'ended'; readonly receivedAt: Instant }
  /** The output buffer is empty again. */
  | { readonly kind: 'drained' }
  /** The rate limit allows another command. */
  | { readonly kind: 'throttle-released' }
  /** Time to check the idle timeout, or the write timeout. */
  | { readonly kind: 'idle-check-due' | 'stall-check-due' }
  /** The command scheduler allows the connection to handle commands. */
  | { readonly kind: 'turn-granted' }
  | { readonly kind: 'closed'; readonly reason: string }
  /** Time for a keep-alive line to a subscriber that closed its sending side. */
  | { readonly kind: 'keep-alive-due' }
  /** Sent by the connection to itself, behind responses that are queued already: their lines are published as one event. */
  | { readonly kind: 'flush-lines' }
  /** The server stops: the connection answers pending commands and accepts no more. */
  | { readonly kind: 'drain' }
  /** A subscription is active. `location`: the client's present location; undefined if unknown, or for all clients. */
  | { readonly kind: 'subscribed'; readonly requestId: number; readonly location: Location | undefined }
  /** A subscription exceeds a limit. */
  | { readonly kind: 'subscription-rejected'; readonly requestId: number }
  /** New locations of subscribed clients; one client may have several, each newer than the one before. */
  | { readonly kind: 'changed'; readonly locations: readonly Location[] }
  /** The subscription registry failed and lost all subscriptions. */
  | { readonly kind: 'subscription-lost' }
  | ResponseMessage
  | MachineFailed;

/** Sent to the subscription registry. */
export type SubscriptionMessage =
  /** With the client's present location; undefined if unknown, or for all clients. */
  | (Subscribe & { readonly location: Location | undefined })
  | Unsubscribe
  /** Locations that are new to the store; sent while there are subscribers. */
  | { readonly kind: 'learned'; readonly batch: LocationBatch };

/** Sent to the gateway through which HTTP handlers send requests to actors. */
export type GatewayMessage = ResponseMessage | ListedMessage;
