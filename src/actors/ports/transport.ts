import type { ByteString } from '../../protocol/text/bytes.js';
import type { ServerId } from '../../protocol/place/ids.js';

/** One connection to another server, seen from one of its ends. Lines arrive whole, once and in order, or it closes. */
export interface PeerChannel {
  /** Who is at the far end, for people: an address and port, or a server's name. */
  readonly remoteAddress: string;
  /** Whether the far end needs no proof of who it is, because it is part of the same process. */
  readonly isInProcess: boolean;
  /** Whether the far end has shown a certificate that bears a name; missing where certificates are not asked for. */
  readonly certificateMatches?: ((name: ServerId) => boolean) | undefined;
  /** Tells the port that took the call that the far end is authenticated; missing where nothing is bounded by it. */
  readonly markAuthenticated?: (() => void) | undefined;
  /** Whether a line sent now would go out without waiting behind many others. After `false`, `drained` is reported. */
  readonly isWritable: boolean;
  /** Sends a line, given without its line end. Lines of one turn go out together. Without effect once closed. */
  send(line: ByteString): void;
  /** Ends the connection after what was sent; `closed` is reported on both ends. */
  close(): void;
}

/** Reports of a peer channel. None during the call that creates the channel, and none after `channel-closed`. */
export type PeerChannelMessage =
  /** The remote end accepted the connection. Only at the end that dialled, before any line. */
  | { readonly kind: 'channel-opened'; readonly channel: PeerChannel }
  | { readonly kind: 'channel-lines'; readonly channel: PeerChannel; readonly lines: readonly ByteString[] }
  /** The channel is writable again after `isWritable` was false. */
  | { readonly kind: 'channel-drained'; readonly channel: PeerChannel }
  | { readonly kind: 'channel-closed'; readonly channel: PeerChannel; readonly reason: string };

/** Receives the reports of one peer channel. */
export type PeerChannelHandler = (message: PeerChannelMessage) => void;

/** Connects a server to other servers. */
export interface Transport {
  /** Opens a channel to a neighbour. If the connection fails, `channel-closed` is reported. */
  dial(to: ServerId, handler: PeerChannelHandler): PeerChannel;
}

/** Accepts a channel from another server, which is not authenticated yet; returns the handler of its reports. */
export type AcceptPeer = (channel: PeerChannel) => PeerChannelHandler;
