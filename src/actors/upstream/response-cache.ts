import type { ByteString } from '../../protocol/text/bytes.js';

/** What an entry takes besides its text, roughly: a place in the map, an object, the headers of two strings. */
const entryBytes = 200;

interface Entry {
  readonly json: ByteString;
  readonly keptUntilMs: number;
}

/** The answers of the last moments. All live equally long, so the first that went in is the first that goes out. */
export class AnswerCache {
  private readonly entries = new Map<string, Entry>();
  private bytes = 0;

  /**
   * @param lifeMs how long an answer is given again, in milliseconds; 0 for not at all
   * @param bytesMax what all of them may take; beyond it the oldest is forgotten
   */
  constructor(
    private readonly lifeMs: number,
    private readonly bytesMax: number,
  ) {}

  /**
   * The answer to the same question, if there is one that is young enough.
   * @param nowMs on a clock that never goes back
   */
  get(question: string, nowMs: number): ByteString | undefined {
    const entry = this.entries.get(question);
    return entry !== undefined && nowMs < entry.keptUntilMs ? entry.json : undefined;
  }

  /** Keeps an answer for a while. */
  put(question: string, json: ByteString, nowMs: number): void {
    if (this.lifeMs === 0) return;
    this.forget(question);
    this.entries.set(question, { json, keptUntilMs: nowMs + this.lifeMs });
    this.bytes += bytesOf(question, json);
    for (const [oldest, { keptUntilMs }] of this.entries) {
      if (this.bytes <= this.bytesMax && nowMs < keptUntilMs) break;
      this.forget(oldest);
    }
  }

  private forget(question: string): void {
    const entry = this.entries.get(question);
    if (entry === undefined) return;
    this.entries.delete(question);
    this.bytes -= bytesOf(question, entry.json);
  }
}

function bytesOf(question: string, json: ByteString): number {
  return question.length + json.length + entryBytes;
}
