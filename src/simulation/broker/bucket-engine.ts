import type { BucketEntry, PutOutcome } from '../../actors/ports/location-bucket.js';
import type { ByteString } from '../../protocol/text/bytes.js';
import type { SocketHost } from '../network/socket.js';
import type { SeededRandom } from '../time/seeded-random.js';

/** A connection to the broker. */
export interface EngineConnection {
  /** An entry was written to the bucket that this connection opened. */
  written(entry: BucketEntry): void;
  /** The broker closed the connection. */
  cut(reason: string): void;
}

/** One of two nodes: the one that is behind while the broker is stale, or the other. */
type EngineNode = 'restarted' | 'steady';

/** Result of a read. */
export interface EngineReading {
  readonly entry: BucketEntry | undefined;
  /** `behind`: a newer entry exists. */
  readonly node: 'up to date' | 'behind';
}

/**
 * State of the broker. `full`: rejects writes. `stale`: one of its two nodes has returned from a restart and is behind;
 * connections to it receive updates late, and reads from it return the previous values.
 */
export type BrokerState = 'up' | 'down' | 'full' | 'stale';

/** Name of the broker among the simulated hosts and in scenarios. */
export const brokerName = 'broker';

/** Probability that a read is served by the node that is behind. */
const behindProbability = 0.5;

/**
 * The broker behind the buckets of a simulated herd: one map of keys to values, as in JetStream, with injected faults. It
 * answers immediately; delays are added by the network.
 */
export class BucketEngine {
  readonly host: SocketHost = { name: brokerName, life: 'alive', run: (work) => work() };
  private state: BrokerState = 'up';
  private bucket: 'there' | 'none' = 'none';
  /** Number of buckets created so far; identifies a bucket, since a deleted bucket may be created again. */
  private made = 0;
  private readonly entries = new Map<string, BucketEntry>();
  /** Previous entry of each key, which a node that missed a write still returns. */
  private readonly earlier = new Map<string, BucketEntry>();
  private readonly connections = new Set<EngineConnection>();
  /**
   * Connections that have opened the current bucket, each with the updates that it has not received from the node that is
   * behind.
   */
  private readonly watchers = new Map<EngineConnection, { readonly node: EngineNode; news: BucketEntry[] }>();
  private opened = 0;
  private revision = 0;

  constructor(private readonly random: SeededRandom) {}

  get isUp(): boolean {
    return this.state !== 'down';
  }

  /** Whether it accepts writes and notifies all connections. */
  get isWell(): boolean {
    return this.state === 'up';
  }

  /** All entries, ordered by revision. */
  get all(): readonly BucketEntry[] {
    return [...this.entries.values()];
  }

  /** Number of the current bucket; undefined if there is none. */
  get bucketNumber(): number | undefined {
    return this.bucket === 'there' ? this.made : undefined;
  }

  isConnected(connection: EngineConnection): boolean {
    return this.connections.has(connection);
  }

  /** Connects, and creates the bucket if there is none. */
  open(connection: EngineConnection): void {
    if (this.bucket === 'none') {
      this.bucket = 'there';
      this.made += 1;
    }
    this.connections.add(connection);
    this.opened += 1;
    // Alternately, as clients are distributed in a cluster.
    this.watchers.set(connection, { node: this.opened % 2 === 0 ? 'restarted' : 'steady', news: [] });
  }

  close(connection: EngineConnection): void {
    this.connections.delete(connection);
    this.watchers.delete(connection);
  }

  /** Writes a value if the key is at the revision (0: if it does not exist). */
  put(key: string, value: ByteString, revision: number): PutOutcome {
    if (this.bucket === 'none') return { kind: 'failed', reason: 'there is no bucket' };
    if (this.state === 'full') return { kind: 'failed', reason: 'the store of the broker is full' };
    const present = this.entries.get(key);
    if ((present?.revision ?? 0) !== revision) return { kind: 'conflict' };
    this.revision += 1;
    const entry: BucketEntry = { key, value, revision: this.revision };
    // The order of the map is that of the revisions.
    this.entries.delete(key);
    this.entries.set(key, entry);
    if (present !== undefined) this.earlier.set(key, present);
    for (const [connection, { node, news }] of this.watchers) {
      if (this.state === 'stale' && node === 'restarted') news.push(entry);
      else connection.written(entry);
    }
    return { kind: 'stored', revision: entry.revision };
  }

  /** Returns the entry of a key; from a node that is behind, the previous one. */
  get(key: string): EngineReading {
    const entry = this.entries.get(key);
    const before = this.earlier.get(key);
    const isBehind = this.state === 'stale' && before !== undefined && this.random.happens(behindProbability);
    return isBehind ? { entry: before, node: 'behind' } : { entry, node: 'up to date' };
  }

  /** Changes the state. `down` closes every connection; stored entries remain. */
  become(state: BrokerState): void {
    this.state = state;
    if (state !== 'stale') this.catchUp();
    if (state !== 'down') return;
    for (const connection of [...this.connections]) {
      this.close(connection);
      connection.cut('the connection was reset');
    }
  }

  /** Deletes the bucket. The next `open` creates it again. Open connections are not notified. */
  wipe(): void {
    this.bucket = 'none';
    this.entries.clear();
    this.earlier.clear();
    this.watchers.clear();
    this.revision = 0;
  }

  /** The node that was behind catches up and sends its connections the pending updates. */
  private catchUp(): void {
    for (const [connection, watcher] of this.watchers) {
      const { news } = watcher;
      watcher.news = [];
      for (const entry of news) connection.written(entry);
    }
  }
}
