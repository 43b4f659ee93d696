import { isWhatsat, ResponseReader } from '../../protocol/client/responses.js';
import type { ByteString } from '../../protocol/text/bytes.js';
import { LineFramer } from '../../protocol/text/line-framer.js';

/** Longest line of a response, in bytes; it holds the whole answer of an upstream. */
const maxLineBytes = 2 * 1024 * 1024;

/** Response of a server. */
export interface ReceivedResponse {
  /** Undefined if no command was pending. */
  readonly command: ByteString | undefined;
  readonly lines: readonly ByteString[];
}

/** Pending commands of one connection. Responses are assigned to them in order. */
export class PendingCommands {
  private readonly framer = new LineFramer(maxLineBytes);
  private readonly reader = new ResponseReader();
  private readonly pending: ByteString[] = [];

  add(command: ByteString): void {
    this.pending.push(command);
  }

  /** Processes received text; returns the responses that are complete now. */
  receive(text: ByteString): ReceivedResponse[] {
    return this.framer.pushText(text).flatMap((frame) => {
      const line = typeof frame === 'string' ? frame : frame.start;
      const lines = this.reader.add(line, isWhatsat(this.pending[0] ?? ''));
      return lines === undefined ? [] : [{ command: this.pending.shift(), lines }];
    });
  }

  /** Removes and returns the commands without a response, when the connection has ended. */
  abandon(): ByteString[] {
    return this.pending.splice(0);
  }
}
