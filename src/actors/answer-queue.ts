import type { ByteString } from '../protocol/bytes.js';

/** An answer that is being found out. Its place in the order is fixed. */
export interface PendingAnswer {
  /** What will be sent, without its last line end; undefined until it is known. */
  text: ByteString | undefined;
}

/** Keeps the answers of one connection in the order of its commands: one that is slow holds back those behind it. */
export class AnswerQueue {
  private readonly waiting: PendingAnswer[] = [];

  /** @param write sends a whole answer to the client */
  constructor(private readonly write: (text: ByteString) => void) {}

  /** How many answers wait, known or not. */
  get length(): number {
    return this.waiting.length;
  }

  /** Takes an answer that is known already. */
  add(text: ByteString): void {
    if (this.waiting.length === 0) this.write(text);
    else this.waiting.push({ text });
  }

  /** Takes the place of an answer that is not known yet. */
  reserve(): PendingAnswer {
    const answer: PendingAnswer = { text: undefined };
    this.waiting.push(answer);
    return answer;
  }

  /** Fills a place, and sends what need not wait any longer. */
  fill(answer: PendingAnswer, text: ByteString): void {
    answer.text = text;
    let known = 0;
    for (const { text: next } of this.waiting) {
      if (next === undefined) break;
      this.write(next);
      known += 1;
    }
    this.waiting.splice(0, known);
  }
}
