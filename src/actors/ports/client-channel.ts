import type { ByteString } from '../../protocol/text/bytes.js';

/** A client's connection, seen from the actor that serves it. What comes over it is sent to that actor as messages. */
export interface ClientChannel {
  /** The door it came through: `tcp`. */
  readonly transport: string;
  /** The client's address and port. */
  readonly remoteAddress: string;
  /** Bytes written that the client has not taken yet. After it was high, a `drained` message tells when it is low. */
  readonly bufferedBytes: number;
  /** Sends text. What is written in one turn goes out together. */
  write(text: ByteString): void;
  /** Stops and starts reading from the client. */
  pause(): void;
  resume(): void;
  /** Has the far end asked now and then whether it is still there: from one that only listens, nothing may come for long. */
  enableKeepAlive(): void;
  /** Closes the connection once everything written has been delivered; then `closed` is reported. */
  end(): void;
  /** Closes the connection now. Nothing is reported after this. */
  destroy(): void;
}
