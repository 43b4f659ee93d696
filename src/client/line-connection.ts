import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { ByteString } from '../protocol/text/bytes.js';
import { LineFramer, OverlongLine } from '../protocol/text/line-framer.js';
import { HerdClientError } from './errors.js';

/** The longest line taken, in bytes: an upstream's answer has 1 MiB at most, and what a server adds is little. */
const maxLineBytes = 2 * 1024 * 1024;

/** The lines of one answer: an AT line, alone or with the JSON of WHATSAT behind it; or `? ` and a copy. */
export type CommandResponse = readonly [head: ByteString, json?: ByteString];

interface PendingCommand {
  /** Whether an AT line is followed by another. */
  readonly lineCount: 1 | 2;
  /** Whether its time is not up. Afterwards it keeps its place, for its answer still comes before the next one's. */
  isAwaited: boolean;
  readonly resolve: (answer: CommandResponse) => void;
  readonly reject: (error: HerdClientError) => void;
}

/** One connection to a server, from its first command until it is lost. Answers come in the order of the commands. */
export class LineConnection {
  private readonly framer = new LineFramer(maxLineBytes);
  private readonly pending: PendingCommand[] = [];
  private head: ByteString | undefined;
  private closeError: HerdClientError | undefined;
  /** When something came last. */
  private lastReceivedMs = performance.now();

  /** @param silenceTimeoutMs a command's time is up, and nothing came for so long: then the connection is lost */
  constructor(
    private readonly socket: Socket,
    private readonly silenceTimeoutMs: number,
  ) {
    socket.on('data', (chunk) => {
      this.lastReceivedMs = performance.now();
      for (const frame of this.framer.push(chunk)) this.handleLine(frame);
    });
    socket.on('error', ({ message }) => this.close('HERD_CONNECTION_LOST', `the connection was lost: ${message}`));
    socket.on('close', () => this.close('HERD_CONNECTION_LOST', 'the server closed the connection'));
  }

  get isOpen(): boolean {
    return this.closeError === undefined;
  }

  /** Commands whose answers have not come. */
  get pendingCount(): number {
    return this.pending.length;
  }

  /**
   * Sends a command and resolves with its answer, of so many lines if it is no refusal.
   * @param deadlineMs when its time is up, of `performance.now()`
   * @throws HerdClientError
   */
  async send(
    command: ByteString,
    lineCount: PendingCommand['lineCount'],
    deadlineMs: number,
  ): Promise<CommandResponse> {
    if (this.closeError !== undefined) throw this.closeError;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise((resolve, reject) => {
        const pendingCommand: PendingCommand = { lineCount, isAwaited: true, resolve, reject };
        this.pending.push(pendingCommand);
        timer = setTimeout(() => this.timeOut(pendingCommand), Math.max(0, deadlineMs - performance.now()));
        this.socket.write(`${command}\n`, 'latin1');
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the connection; whoever waits is told why. */
  close(code: HerdClientError['code'], message: string): void {
    if (this.closeError !== undefined) return;
    this.closeError = new HerdClientError(code, message);
    this.socket.destroy();
    for (const { reject } of this.pending.splice(0)) reject(this.closeError);
  }

  /** One that comes too late takes the connection from others only if it is silent altogether. */
  private timeOut(expired: PendingCommand): void {
    expired.isAwaited = false;
    expired.reject(new HerdClientError('HERD_TIMEOUT', 'there was no answer in time'));
    const isSilent = performance.now() - this.lastReceivedMs >= this.silenceTimeoutMs;
    const isAwaited = this.pending.findLast((command) => command.isAwaited) !== undefined;
    if (isSilent || !isAwaited) this.close('HERD_CONNECTION_LOST', `nothing came for ${this.silenceTimeoutMs} ms`);
  }

  private handleLine(line: ByteString | OverlongLine): void {
    const [first] = this.pending;
    if (line instanceof OverlongLine)
      return this.close('HERD_PROTOCOL_ERROR', 'an answer is longer than any should be');
    if (first === undefined) return this.close('HERD_PROTOCOL_ERROR', 'the server said what nobody had asked for');
    if (this.head === undefined && first.lineCount === 2 && line.startsWith('AT ')) {
      this.head = line;
      return;
    }
    this.pending.shift();
    first.resolve(this.head === undefined ? [line] : [this.head, line]);
    this.head = undefined;
  }
}
