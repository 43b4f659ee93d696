import type { ByteString } from '../../protocol/text/bytes.js';
import type { ServerId } from '../../protocol/place/ids.js';
import type { LocationBatch } from '../../protocol/place/location-batch.js';
import type { Lines } from '../../protocol/text/lines.js';

/** One end of a connection between two servers. Lines arrive whole, once and in order, or the channel closes. */
export interface PeerChannel {
  /** The remote end for logs: an address and port, or a server ID. */
  readonly remoteAddress: string;
  /** Whether the remote end is in the same process, and so needs no authentication. */
  readonly isInProcess: boolean;
  /** Whether the remote end's certificate contains a server ID; undefined if certificates are not required. */
  readonly certificateMatches?: ((name: ServerId) => boolean) | undefined;
  /** Tells the listener that the remote end is authenticated; undefined if the listener does not limit pending connections. */
  readonly markAuthenticated?: (() => void) | undefined;
  /** Whether the output buffer has room. After `false`, `channel-drained` is reported. */
  readonly isWritable: boolean;
  /** Sends a line, given without its line end. Lines of one turn are sent together. Has no effect once closed. */
  send(line: ByteString): void;
  /**
   * Sends locations, in order with the lines. The batch is the caller's: it is copied.
   * @param batch lines with their forwarder, one behind the other in the batch's own buffer
   */
  sendLocations(batch: LocationBatch): void;
  /** Closes the channel after the lines sent before; `channel-closed` is reported at both ends. */
  close(): void;
}

/** Reports of a peer channel. None during the call that creates the channel, and none after `channel-closed`. */
export type PeerChannelMessage =
  /** The remote end accepted the connection. Only at the end that dialled, before any line. */
  | { readonly kind: 'channel-opened'; readonly channel: PeerChannel }
  | { readonly kind: 'channel-lines'; readonly channel: PeerChannel; readonly lines: Lines }
  /**
   * The remote end, a server of this process, sent locations: valid ones, whose lines lie one behind the other in the batch's own
   * buffer, with its ID as the forwarder.
   */
  | { readonly kind: 'channel-locations'; readonly channel: PeerChannel; readonly batch: LocationBatch }
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
