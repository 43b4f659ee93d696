const lineEnd = 10;
const capitalA = 65;
const brace = 123;
const colon = 58;

/** Counts the answers in what comes over one connection, without making a string of any of them. */
export class Answers {
  /** Answers that were not what they should be. */
  wrong = 0;
  /** The first byte of the line under way; undefined at its start. */
  private first: number | undefined;
  private answered = 0;

  /** @param asks whether the command of that number is answered with a second line, of JSON */
  constructor(private readonly asks: (index: number) => boolean) {}

  /** Takes the next bytes; returns how many answers end in them. */
  take(bytes: Buffer, length: number): number {
    const before = this.answered;
    let from = 0;
    while (from < length) {
      this.first ??= bytes[from];
      const end = bytes.indexOf(lineEnd, from);
      if (end < 0 || end >= length) break;
      this.line();
      from = end + 1;
    }
    return this.answered - before;
  }

  private line(): void {
    const { first } = this;
    this.first = undefined;
    if (this.asks(this.answered)) {
      if (first === capitalA) return;
      if (first !== brace) this.wrong += 1;
    } else if (first !== capitalA && first !== colon) this.wrong += 1;
    this.answered += 1;
  }
}
