import type { ByteString } from '../../protocol/text/bytes.js';
import { LineFramer } from '../../protocol/text/line-framer.js';

/** Maximum length of a response line, in bytes: a complete upstream response. */
const maxLineBytes = 2 * 1024 * 1024;

/** A response from a server. */
export interface CommandResponse {
  /** Undefined if no command was pending. */
  readonly command: ByteString | undefined;
  readonly lines: readonly ByteString[];
}

/** Commands of one connection that wait for their responses. Received lines are assigned to commands in order. */
export class PendingCommands {
  private readonly framer = new LineFramer(maxLineBytes);
  private readonly pending: ByteString[] = [];
  /** Lines of an incomplete response. */
  private lines: ByteString[] = [];

  /** Adds a command that was sent. */
  add(command: ByteString): void {
    this.pending.push(command);
  }

  /** Processes received text; returns the responses that are complete now. */
  receive(text: ByteString): CommandResponse[] {
    return this.framer.pushText(text).flatMap((frame) => {
      this.lines.push(typeof frame === 'string' ? frame : frame.start);
      return this.completeResponse() ?? [];
    });
  }

  /** Clears the queue after the connection ended; returns the commands without a response. */
  abandon(): ByteString[] {
    return this.pending.splice(0);
  }

  /** Removes a complete response. A WHATSAT that finds its client is answered with two lines, every other command with one. */
  private completeResponse(): CommandResponse | undefined {
    const [command = ''] = this.pending;
    const isFound = command.startsWith('WHATSAT') && this.lines[0]?.startsWith('AT ') === true;
    if (isFound && this.lines.length < 2) return undefined;
    const { lines } = this;
    this.lines = [];
    return { command: this.pending.shift(), lines };
  }
}
