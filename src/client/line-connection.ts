import type { Socket } from 'node:net';
import type { ByteString } from '../protocol/bytes.js';
import { LineFramer, OverlongLine } from '../protocol/line-framer.js';
import { HerdClientError } from './errors.js';

/** The longest line taken, in bytes: an upstream's answer has 1 MiB at most, and what a server adds is little. */
const lineBytesMax = 2 * 1024 * 1024;

/** The lines of one answer: an AT line, alone or with the JSON of WHATSAT behind it; or `? ` and a copy. */
export type Answer = readonly [head: ByteString, json?: ByteString];

interface Waiting {
  /** Whether an AT line is followed by another. */
  readonly lines: 1 | 2;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: HerdClientError) => void;
}

/** One connection to a server, from its first command until it is lost. Answers come in the order of the commands. */
export class LineConnection {
  private readonly framer = new LineFramer(lineBytesMax);
  private readonly waiting: Waiting[] = [];
  private head: ByteString | undefined;
  private lost: HerdClientError | undefined;

  constructor(private readonly socket: Socket) {
    socket.on('data', (chunk) => {
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

  /** Sends a command and resolves with its answer, of so many lines if it is no refusal. */
  ask(command: ByteString, lines: Waiting['lines']): Promise<Answer> {
    if (this.lost !== undefined) return Promise.reject(this.lost);
    return new Promise((resolve, reject) => {
      this.waiting.push({ lines, resolve, reject });
      this.socket.write(`${command}\n`, 'latin1');
    });
  }

  /** Ends the connection; whoever waits is told why. */
  lose(code: HerdClientError['code'], message: string): void {
    if (this.lost !== undefined) return;
    this.lost = new HerdClientError(code, message);
    this.socket.destroy();
    for (const { reject } of this.waiting.splice(0)) reject(this.lost);
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
