const lineEnd = 10;
const capitalA = 65;
const brace = 123;
const colon = 58;

/** Counts the responses on one connection without allocating strings. */
export class ResponseCounter {
  /** Number of wrong responses. */
  wrongCount = 0;
  /** First byte of the current line; undefined at its start. */
  private firstByte: number | undefined;
  private responseCount = 0;

  /** @param isQuery whether each response has a second line of JSON, unless it is an error */
  constructor(private readonly isQuery: boolean) {}

  /** Processes the next bytes; returns the number of responses that end in them. */
  receive(bytes: Buffer, length: number): number {
    const before = this.responseCount;
    let from = 0;
    while (from < length) {
      this.firstByte ??= bytes[from];
      const end = bytes.indexOf(lineEnd, from);
      if (end < 0 || end >= length) break;
      this.countLine();
      from = end + 1;
    }
    return this.responseCount - before;
  }

  private countLine(): void {
    const { firstByte } = this;
    this.firstByte = undefined;
    if (this.isQuery) {
      if (firstByte === capitalA) return;
      if (firstByte !== brace) this.wrongCount += 1;
    } else if (firstByte !== capitalA && firstByte !== colon) this.wrongCount += 1;
    this.responseCount += 1;
  }
}
