import type { ByteString } from '../../protocol/text/bytes.js';

/** Approximate bytes of memory of an entry besides its text: map entry, object, two string headers. */
const entryOverheadBytes = 200;

interface Entry {
  readonly json: ByteString;
  readonly expiresAtMs: number;
}

/** Cache of upstream responses with a fixed time to live, so entries expire in insertion order. */
export class ResponseCache {
  private readonly entries = new Map<string, Entry>();
  private bytes = 0;

  /**
   * @param ttlMs time to live of an entry in milliseconds; 0 disables the cache
   * @param maxBytes maximum memory; beyond it the oldest entries are evicted
   */
  constructor(
    private readonly ttlMs: number,
    private readonly maxBytes: number,
  ) {}

  /**
   * Returns the cached response for a key, unless it has expired.
   * @param nowMs the present time on a monotonic clock
   */
  get(key: string, nowMs: number): ByteString | undefined {
    const entry = this.entries.get(key);
    return entry !== undefined && nowMs < entry.expiresAtMs ? entry.json : undefined;
  }

  /** Adds a response. */
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
