import type { ByteString } from '../../protocol/text/bytes.js';

/** What an entry takes besides its text, roughly: a place in the map, an object, the headers of two strings. */
const entryOverheadBytes = 200;

interface Entry {
  readonly json: ByteString;
  readonly expiresAtMs: number;
}

/** The answers of the last moments. All live equally long, so the first that went in is the first that goes out. */
export class ResponseCache {
  private readonly entries = new Map<string, Entry>();
  private bytes = 0;

  /**
   * @param ttlMs how long an answer is given again, in milliseconds; 0 for not at all
   * @param maxBytes what all of them may take; beyond it the oldest is forgotten
   */
  constructor(
    private readonly ttlMs: number,
    private readonly maxBytes: number,
  ) {}

  /**
   * The answer to the same question, if there is one that is young enough.
   * @param nowMs on a clock that never goes back
   */
  get(key: string, nowMs: number): ByteString | undefined {
    const entry = this.entries.get(key);
    return entry !== undefined && nowMs < entry.expiresAtMs ? entry.json : undefined;
  }

  /** Keeps an answer for a while. */
  put(key: string, json: ByteString, nowMs: number): void {
    if (this.ttlMs === 0) return;
    this.evict(key);
    this.entries.set(key, { json, expiresAtMs: nowMs + this.ttlMs });
    this.bytes += entrySizeBytes(key, json);
    for (const [oldest, { expiresAtMs }] of this.entries) {
      if (this.bytes <= this.maxBytes && nowMs < expiresAtMs) break;
      this.evict(oldest);
    }
  }

  private evict(key: string): void {
    const entry = this.entries.get(key);
    if (entry === undefined) return;
    this.entries.delete(key);
    this.bytes -= entrySizeBytes(key, entry.json);
  }
}

function entrySizeBytes(key: string, json: ByteString): number {
  return key.length + json.length + entryOverheadBytes;
}
