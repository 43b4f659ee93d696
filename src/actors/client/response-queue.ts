import type { ByteString } from '../../protocol/text/bytes.js';

/** Sends a whole answer to a client: a line, or two that belong together, without their line ends. */
export type WriteAnswer = (line: ByteString, secondLine?: ByteString) => void;

/** An answer that is being found out. Its place in the order is fixed. */
export interface PendingAnswer {
  /** Undefined until it is known. */
  line: ByteString | undefined;
  secondLine: ByteString | undefined;
}

/** Keeps the answers of one connection in the order of its commands: one that is slow holds back those behind it. */
export class AnswerQueue {
  private readonly waiting: PendingAnswer[] = [];
  private waitingBytes = 0;

  constructor(private readonly write: WriteAnswer) {}

  /** How many answers wait, known or not. */
  get length(): number {
    return this.waiting.length;
  }

  /** Bytes of the answers that are known and wait for those before them. */
  get bytes(): number {
    return this.waitingBytes;
  }

  /** Takes an answer that is known already. */
  add(line: ByteString): void {
    if (this.waiting.length === 0) return this.write(line);
    this.waiting.push({ line, secondLine: undefined });
    this.waitingBytes += line.length;
  }

  /** Takes the place of an answer that is not known yet. */
  reserve(): PendingAnswer {
    const answer: PendingAnswer = { line: undefined, secondLine: undefined };
    this.waiting.push(answer);
    return answer;
  }

  /** Fills a place, and sends what need not wait any longer. */
  fill(answer: PendingAnswer, line: ByteString, secondLine?: ByteString): void {
    answer.line = line;
    answer.secondLine = secondLine;
    this.waitingBytes += line.length + (secondLine?.length ?? 0);
    let known = 0;
    for (const next of this.waiting) {
      if (next.line === undefined) break;
      this.write(next.line, next.secondLine);
      this.waitingBytes -= next.line.length + (next.secondLine?.length ?? 0);
      known += 1;
    }
    this.waiting.splice(0, known);
  }
}
