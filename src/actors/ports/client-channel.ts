import type { Lines } from '../../protocol/text/lines.js';
import type { WordBuffer } from '../../protocol/text/word-buffer.js';

/** A client's connection. Its reports are sent as messages to the actor that serves it. */
export interface ClientChannel {
  /** The transport of the connection: `tcp` or `websocket`. */
  readonly transport: string;
  /** The client's address and port. */
  readonly remoteAddress: string;
  /** Bytes of output that the client has not read yet. After it was high, `drained` is reported when it is low. */
  readonly bufferedBytes: number;
  /** Writes one response, of one or two lines. Output of one turn of the event loop is sent together. The bytes are copied. */
  writeResponse(lines: Lines): void;
  /** Writes a range of bytes: responses of one line each. The bytes are copied. */
  writeBytes(buffer: WordBuffer, start: number, end: number): void;
  /** Pauses and resumes reading from the client. */
  pause(): void;
  resume(): void;
  /** Enables keep-alive probes, for a client that only reads and may send nothing for a long time. */
  enableKeepAlive(): void;
  /** Closes the connection when all output has been sent; then `closed` is reported. */
  end(): void;
  /** Closes the connection now. Nothing is reported after this. */
  destroy(): void;
}
