import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { ByteString } from '../protocol/text/bytes.js';
import { LineFramer, OverlongLine } from '../protocol/text/line-framer.js';
import { HerdClientError } from './errors.js';

/** The longest line taken, in bytes: an upstream's answer has 1 MiB at most, and what a server adds is little. */
const lineBytesMax = 2 * 1024 * 1024;

/** The lines of one answer: an AT line, alone or with the JSON of WHATSAT behind it; or `? ` and a copy. */
export type Answer = readonly [head: ByteString, json?: ByteString];

interface Waiting {
  /** Whether an AT line is followed by another. */
  readonly lines: 1 | 2;
  /** Whether its time is not up. Afterwards it keeps its place, for its answer still comes before the next one's. */
  isAwaited: boolean;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: HerdClientError) => void;
}

/** One connection to a server, from its first command until it is lost. Answers come in the order of the commands. */
export class LineConnection {
  private readonly framer = new LineFramer(lineBytesMax);
  private readonly waiting: Waiting[] = [];
  private head: ByteString | undefined;
  private lost: HerdClientError | undefined;
  /** When something came last. */
  private heardMs = performance.now();

  /** @param silentMaxMs a command's time is up, and nothing came for so long: then the connection is lost */
  constructor(
    private readonly socket: Socket,
    private readonly silentMaxMs: number,
  ) {
    socket.on('data', (chunk) => {
      this.heardMs = performance.now();
      for (const frame of this.framer.push(chunk)) this.take(frame);
    });
    socket.on('error', ({ message }) => this.lose('HERD_CONNECTION_LOST', `the connection was lost: ${message}`));
    socket.on('close', () => this.lose('HERD_CONNECTION_LOST', 'the server closed the connection'));
  }

  get isOpen(): boolean {
    return this.lost === undefined;
  }

  /** Commands whose answers have not come. */
  get waitingCount(): number {
    return this.waiting.length;
  }

  /**
   * Sends a command and resolves with its answer, of so many lines if it is no refusal.
   * @param untilMs when its time is up, of `performance.now()`
   * @throws HerdClientError
   */
  async ask(command: ByteString, lines: Waiting['lines'], untilMs: number): Promise<Answer> {
    if (this.lost !== undefined) throw this.lost;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise((resolve, reject) => {
        const asked: Waiting = { lines, isAwaited: true, resolve, reject };
        this.waiting.push(asked);
        timer = setTimeout(() => this.giveUp(asked), Math.max(0, untilMs - performance.now()));
        this.socket.write(`${command}\n`, 'latin1');
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the connection; whoever waits is told why. */
  lose(code: HerdClientError['code'], message: string): void {
    if (this.lost !== undefined) return;
    this.lost = new HerdClientError(code, message);
    this.socket.destroy();
    for (const { reject } of this.waiting.splice(0)) reject(this.lost);
  }

  /** One that comes too late takes the connection from others only if it is silent altogether. */
  private giveUp(late: Waiting): void {
    late.isAwaited = false;
    late.reject(new HerdClientError('HERD_TIMEOUT', 'there was no answer in time'));
    const isSilent = performance.now() - this.heardMs >= this.silentMaxMs;
    const isAwaited = this.waiting.findLast((waiting) => waiting.isAwaited) !== undefined;
    if (isSilent || !isAwaited) this.lose('HERD_CONNECTION_LOST', `nothing came for ${this.silentMaxMs} ms`);
  }

  private take(line: ByteString | OverlongLine): void {
    const [first] = this.waiting;
    if (line instanceof OverlongLine) return this.lose('HERD_STRANGE_ANSWER', 'an answer is longer than any should be');
    if (first === undefined) return this.lose('HERD_STRANGE_ANSWER', 'the server said what nobody had asked for');
    if (this.head === undefined && first.lines === 2 && line.startsWith('AT ')) {
      this.head = line;
      return;
    }
    this.waiting.shift();
    first.resolve(this.head === undefined ? [line] : [this.head, line]);
    this.head = undefined;
  }
}
