import type { BucketEntry, PutOutcome } from '../../actors/location-bucket.js';
import type { ByteString } from '../../protocol/bytes.js';

/** Who is connected with an engine. */
export interface EngineWatcher {
  /** An entry was written. */
  written(entry: BucketEntry): void;
  /** The engine broke the connection. */
  cut(reason: string): void;
}

/**
 * The engine behind the buckets of a simulated herd: one map of keys to values, as JetStream keeps it, and what can go wrong with
 * it. It answers at once; that answers take their time is an affair of the connections.
 */
export class BucketEngine {
  private state: 'up' | 'down' = 'up';
  private readonly entries = new Map<string, BucketEntry>();
  /** What stood under each key before: what a node that has missed a write still gives out. */
  private readonly earlier = new Map<string, BucketEntry>();
  private readonly watchers = new Set<EngineWatcher>();
  private revision = 0;

  get isUp(): boolean {
    return this.state === 'up';
  }

  /** Everything there is, in the order of revisions. */
  get all(): readonly BucketEntry[] {
    return [...this.entries.values()].sort((one, other) => one.revision - other.revision);
  }

  watch(watcher: EngineWatcher): void {
    this.watchers.add(watcher);
  }

  unwatch(watcher: EngineWatcher): void {
    this.watchers.delete(watcher);
  }

  /** Writes a value, if the key is at the revision; 0: if nothing stands there. */
  put(key: string, value: ByteString, revision: number): PutOutcome {
    const present = this.entries.get(key);
    if ((present?.revision ?? 0) !== revision) return { kind: 'conflict' };
    this.revision += 1;
    const entry: BucketEntry = { key, value, revision: this.revision };
    // The order of the map is that of the revisions.
    this.entries.delete(key);
    this.entries.set(key, entry);
    if (present !== undefined) this.earlier.set(key, present);
    for (const watcher of this.watchers) watcher.written(entry);
    return { kind: 'stored', revision: entry.revision };
  }

  /** What stands under a key, or, from a node that is behind, what stood there before. */
  get(key: string, node: 'up to date' | 'behind' = 'up to date'): BucketEntry | undefined {
    return (node === 'behind' ? this.earlier.get(key) : undefined) ?? this.entries.get(key);
  }

  /** The engine is gone, and with it every connection; it keeps what it has stored. */
  goDown(): void {
    this.state = 'down';
    this.cutAll('connection refused');
  }

  comeUp(): void {
    this.state = 'up';
  }

  /** Somebody deletes the bucket; whoever opens it next makes it anew. */
  wipe(): void {
    this.entries.clear();
    this.earlier.clear();
    this.revision = 0;
    this.cutAll('the bucket was deleted');
  }

  /** Breaks every connection; the engine goes on. */
  cutAll(reason: string): void {
    for (const watcher of [...this.watchers]) watcher.cut(reason);
  }
}
