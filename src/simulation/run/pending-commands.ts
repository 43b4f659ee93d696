import type { ByteString } from '../../protocol/text/bytes.js';
import { LineFramer } from '../../protocol/text/line-framer.js';

/** The longest line of an answer, in bytes: an upstream's whole response. */
const maxLineBytes = 2 * 1024 * 1024;

/** What a server answered. */
export interface CommandResponse {
  /** Undefined if nothing was asked. */
  readonly command: ByteString | undefined;
  readonly lines: readonly ByteString[];
}

/** The commands of one connection that have not been answered. What comes is taken for their answers, in their order. */
export class PendingCommands {
  private readonly framer = new LineFramer(maxLineBytes);
  private readonly pending: ByteString[] = [];
  /** Lines of an answer that is not whole. */
  private lines: ByteString[] = [];

  /** A command was given. */
  add(command: ByteString): void {
    this.pending.push(command);
  }

  /** Takes what came; returns the answers that are whole now. */
  receive(text: ByteString): CommandResponse[] {
    return this.framer.pushText(text).flatMap((frame) => {
      this.lines.push(typeof frame === 'string' ? frame : frame.start);
      return this.completeResponse() ?? [];
    });
  }

  /** Nothing more will come; returns the commands that are left without an answer. */
  abandon(): ByteString[] {
    return this.pending.splice(0);
  }

  /** A WHATSAT that finds its client is answered with two lines, all else with one. */
  private completeResponse(): CommandResponse | undefined {
    const [command = ''] = this.pending;
    const isFound = command.startsWith('WHATSAT') && this.lines[0]?.startsWith('AT ') === true;
    if (isFound && this.lines.length < 2) return undefined;
    const { lines } = this;
    this.lines = [];
    return { command: this.pending.shift(), lines };
  }
}
