import type { BucketEntry, PutOutcome } from '../../actors/ports/location-bucket.js';
import type { ByteString } from '../../protocol/text/bytes.js';
import type { SocketHost } from '../network/socket.js';
import type { SeededRandom } from '../time/seeded-random.js';

/** Who is connected with a broker. */
export interface EngineConnection {
  /** An entry was written into the bucket that was opened. */
  written(entry: BucketEntry): void;
  /** The broker broke the connection. */
  cut(reason: string): void;
}

/** Of two nodes, the one that is behind while the broker is stale, and the other one. */
type EngineNode = 'restarted' | 'steady';

/** What a broker answers to a question. */
export interface EngineReading {
  readonly entry: BucketEntry | undefined;
  /** Behind: something newer stands there. */
  readonly node: 'up to date' | 'behind';
}

/**
 * How a broker fares. Full: it takes no writes. Stale: one of its two nodes has come back from a restart, and has yet to hear of
 * what is written: who is connected there is told of it later, and a question that comes there is answered with what stood before.
 */
export type BrokerState = 'up' | 'down' | 'full' | 'stale';

/** The name of a broker among the hosts of a simulation, and in scenarios. */
export const brokerName = 'broker';

/** How often, while one of two nodes is behind, a question comes to that one. */
const behindProbability = 0.5;

/**
 * The broker behind the buckets of a simulated herd: one map of keys to values, as JetStream keeps it, and what can go wrong with
 * it. It answers at once; that answers take their time is an affair of the network.
 */
export class BucketEngine {
  readonly host: SocketHost = { name: brokerName, life: 'alive', run: (work) => work() };
  private state: BrokerState = 'up';
  private bucket: 'there' | 'none' = 'none';
  /** How many buckets there have been: one that was deleted and made again has another number. */
  private made = 0;
  private readonly entries = new Map<string, BucketEntry>();
  /** What stood under each key before: what a node that has missed a write still gives out. */
  private readonly earlier = new Map<string, BucketEntry>();
  private readonly connections = new Set<EngineConnection>();
  /** Those who have opened the bucket that there is, and what each is yet to be told by the node that is behind. */
  private readonly watchers = new Map<EngineConnection, { readonly node: EngineNode; news: BucketEntry[] }>();
  private opened = 0;
  private revision = 0;

  constructor(private readonly random: SeededRandom) {}

  get isUp(): boolean {
    return this.state !== 'down';
  }

  /** Whether it takes what is written, and tells everybody of it. */
  get isWell(): boolean {
    return this.state === 'up';
  }

  /** Everything there is, in the order of revisions. */
  get all(): readonly BucketEntry[] {
    return [...this.entries.values()];
  }

  /** The number of the bucket that there is; undefined if there is none. */
  get bucketNumber(): number | undefined {
    return this.bucket === 'there' ? this.made : undefined;
  }

  isConnected(connection: EngineConnection): boolean {
    return this.connections.has(connection);
  }

  /** Connects, and makes the bucket if there is none. */
  open(connection: EngineConnection): void {
    if (this.bucket === 'none') {
      this.bucket = 'there';
      this.made += 1;
    }
    this.connections.add(connection);
    this.opened += 1;
    // In turn, as clients of a cluster are shared out.
    this.watchers.set(connection, { node: this.opened % 2 === 0 ? 'restarted' : 'steady', news: [] });
  }

  close(connection: EngineConnection): void {
    this.connections.delete(connection);
    this.watchers.delete(connection);
  }

  /** Writes a value, if the key is at the revision; 0: if nothing stands there. */
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

  /** What stands under a key, or, from a node that is behind, what stood there before. */
  get(key: string): EngineReading {
    const entry = this.entries.get(key);
    const before = this.earlier.get(key);
    const isBehind = this.state === 'stale' && before !== undefined && this.random.happens(behindProbability);
    return isBehind ? { entry: before, node: 'behind' } : { entry, node: 'up to date' };
  }

  /** Fares so from now on. Down: every connection is lost, and what is stored stays. */
  become(state: BrokerState): void {
    this.state = state;
    if (state !== 'stale') this.catchUp();
    if (state !== 'down') return;
    for (const connection of [...this.connections]) {
      this.close(connection);
      connection.cut('the connection was reset');
    }
  }

  /** Somebody deletes the bucket; whoever opens it next makes it anew. Who has it open is not told. */
  wipe(): void {
    this.bucket = 'none';
    this.entries.clear();
    this.earlier.clear();
    this.watchers.clear();
    this.revision = 0;
  }

  /** The node that was behind knows everything, and tells it. */
  private catchUp(): void {
    for (const [connection, watcher] of this.watchers) {
      const { news } = watcher;
      watcher.news = [];
      for (const entry of news) connection.written(entry);
    }
  }
}
