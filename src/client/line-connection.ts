import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { isWhatsat, ResponseReader, type CommandResponse } from '../protocol/client/responses.js';
import type { ByteString } from '../protocol/text/bytes.js';
import { LineFramer, OverlongLine } from '../protocol/text/line-framer.js';
import { HerdClientError } from './errors.js';

/** Longest line accepted, in bytes: an upstream's answer has at most 1 MiB, and the server adds little. */
export const maxLineBytes = 2 * 1024 * 1024;

interface PendingCommand {
  readonly isWhatsat: boolean;
  /** False after its deadline. It stays in the queue, since its response still comes before the next one's. */
  isAwaited: boolean;
  readonly resolve: (response: CommandResponse) => void;
  readonly reject: (error: HerdClientError) => void;
}

/** Connection to a server with pipelined commands. Responses come in the order of the commands. */
export class LineConnection {
  private readonly framer = new LineFramer(maxLineBytes);
  private readonly reader = new ResponseReader();
  private readonly pending: PendingCommand[] = [];
  private closeError: HerdClientError | undefined;
  private lastReceivedMs = performance.now();

  /** @param silenceTimeoutMs when a command times out and nothing was received for this long, the connection is given up */
  constructor(
    private readonly socket: Socket,
    private readonly silenceTimeoutMs: number,
  ) {
    socket.on('data', (chunk) => {
      this.lastReceivedMs = performance.now();
      for (const frame of this.framer.push(chunk)) this.handleLine(frame);
    });
    socket.on('error', ({ message }) => this.fail('HERD_CONNECTION_LOST', `connection lost: ${message}`));
    socket.on('close', () => this.fail('HERD_CONNECTION_LOST', 'the server closed the connection'));
  }

  get isOpen(): boolean {
    return this.closeError === undefined;
  }

  /** Number of commands without a response. */
  get pendingCount(): number {
    return this.pending.length;
  }

  /**
   * Sends a command and resolves with its response.
   * @param deadlineMs when the command times out, in milliseconds of `performance.now()`
   * @throws HerdClientError
   */
  async send(command: ByteString, deadlineMs: number): Promise<CommandResponse> {
    if (this.closeError !== undefined) throw this.closeError;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise((resolve, reject) => {
        const pendingCommand = { isWhatsat: isWhatsat(command), isAwaited: true, resolve, reject };
        this.pending.push(pendingCommand);
        timer = setTimeout(() => this.timeOut(pendingCommand), Math.max(0, deadlineMs - performance.now()));
        this.socket.write(`${command}\n`, 'latin1');
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Closes the connection, and rejects all pending commands with this error. */
  close(error: HerdClientError): void {
    if (this.closeError !== undefined) return;
    this.closeError = error;
    this.socket.destroy();
    for (const { reject } of this.pending.splice(0)) reject(error);
  }

  private fail(code: HerdClientError['code'], message: string): void {
    this.close(new HerdClientError(code, message));
  }

  /** A command that times out must not close the connection under the others, unless the server is silent altogether. */
  private timeOut(expired: PendingCommand): void {
    expired.isAwaited = false;
    expired.reject(new HerdClientError('HERD_TIMEOUT', 'no response within the timeout'));
    const isSilent = performance.now() - this.lastReceivedMs >= this.silenceTimeoutMs;
    if (isSilent || !this.pending.some((command) => command.isAwaited)) {
      this.fail('HERD_CONNECTION_LOST', `nothing received for ${this.silenceTimeoutMs} ms`);
    }
  }

  private handleLine(line: ByteString | OverlongLine): void {
    const [first] = this.pending;
    if (line instanceof OverlongLine) {
      return this.fail('HERD_PROTOCOL_ERROR', `response longer than ${maxLineBytes} bytes`);
    }
    if (first === undefined) return this.fail('HERD_PROTOCOL_ERROR', 'response without a command');
    const response = this.reader.add(line, first.isWhatsat);
    if (response === undefined) return;
    this.pending.shift();
    first.resolve(response);
  }
}
