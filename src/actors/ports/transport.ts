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

/** What a wire reports. Never during the call that made the wire; nothing follows `closed`. */
export interface PeerChannelListener {
  /** The far end took the call. Reported to the end that dialled, before any line. */
  opened(channel: PeerChannel): void;
  lines(channel: PeerChannel, lines: readonly ByteString[]): void;
  /** There is room again after `isWritable` was false. */
  drained(channel: PeerChannel): void;
  closed(channel: PeerChannel, reason: string): void;
}

/** How one server reaches the others. */
export interface Transport {
  /** Calls a neighbour. A call that comes to nothing is reported as `closed`. */
  dial(to: ServerId, listener: PeerChannelListener): PeerChannel;
}

/** Takes a call from another server that has not said yet who it is; returns who listens to it. */
export type AcceptPeer = (wire: PeerChannel) => PeerChannelListener;
