import type { ByteString } from '../../protocol/text/bytes.js';
import type { Location } from '../../protocol/place/location.js';
import type { Address } from './bus.js';

/** A request: the receiver, or an actor that it forwards the request to, sends one response with the same ID to `replyTo`. */
export interface ActorRequest {
  readonly replyTo: Address<ResponseMessage>;
  /** Chosen by the requester. */
  readonly requestId: number;
}

/** A request that uses up a resource shared by all clients; rate limits apply per remote host. */
export interface RateLimitedRequest extends ActorRequest {
  /** The remote host of the client, as from `remoteHostOf`. */
  readonly remoteHost: string;
}

/** Response to a request whose receiver failed or was stopped. */
export interface RequestFailed {
  readonly kind: 'request-failed';
  readonly requestId: number;
}

/** Responses to an `ActorRequest`. */
export type ResponseMessage =
  /** The newest location of a client; undefined if the client is unknown. */
  | { readonly kind: 'located'; readonly requestId: number; readonly location: Location | undefined }
  /** Nearby results as one line of JSON, or an error in the upstream's format. */
  | { readonly kind: 'nearby-response'; readonly requestId: number; readonly json: ByteString }
  | RequestFailed;

/** Response to `list`: a page of stored locations. */
export interface ListedMessage {
  readonly kind: 'listed';
  readonly requestId: number;
  readonly locations: readonly Location[];
  /** The cursor of the next page, a safe integer; undefined after the last page. */
  readonly next: number | undefined;
  /** The number of stored clients. */
  readonly size: number;
}

/** Sent by an actor to itself when its state machine throws, so that its supervisor handles the failure. */
export interface MachineFailed {
  readonly kind: 'machine-failed';
  readonly error: unknown;
}
