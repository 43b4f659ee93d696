import type {
  BucketEntry,
  BucketExtent,
  BucketListener,
  BucketSession,
  GetOutcome,
  PutOutcome,
} from '../../actors/location-bucket.js';
import type { ByteString } from '../../protocol/bytes.js';
import type { EngineWatcher } from './bucket-engine.js';
import type { SimulatedBucketEdges } from './simulated-bucket.js';

/** How long a message takes one way, in milliseconds. */
const wayMs = { leastMs: 0.1, mostMs: 3 } as const;

/** Entries in a batch, at most. */
const batchMax = 100;

/** How often a question is answered by a node that is behind. */
const behindProbability = 0.25;

const over = { kind: 'failed', reason: 'the connection is over' } as const;

/** A connection to a simulated engine: everything takes its time, and what is told stays in its order. */
export class SimulatedSession implements BucketSession, EngineWatcher {
  private state: 'opening' | 'open' | 'closing' | 'over' = 'opening';
  private readonly told: (() => void)[] = [];
  private lastTellMs = 0;
  /** Ends whatever waits for an answer. */
  private readonly waiting = new Set<() => void>();

  constructor(
    private readonly edges: SimulatedBucketEdges,
    private readonly listener: BucketListener,
    private readonly extent: BucketExtent,
  ) {
    this.later(() => this.begin());
  }

  put(key: string, value: ByteString, revision: number): Promise<PutOutcome> {
    return this.ask<PutOutcome>(() => this.edges.engine.put(key, value, revision));
  }

  get(key: string): Promise<GetOutcome> {
    const node = this.edges.random.happens(behindProbability) ? 'behind' : 'up to date';
    return this.ask<GetOutcome>(() => ({ kind: 'read', entry: this.edges.engine.get(key, node) }));
  }

  close(): void {
    if (this.state === 'over') return;
    this.state = 'closing';
    if (this.waiting.size === 0) this.end();
  }

  written(entry: BucketEntry): void {
    this.tell(() => this.listener.changed(this, [entry]));
  }

  cut(reason: string): void {
    const wasClosing = this.state === 'closing';
    if (this.state === 'over') return;
    this.end();
    if (!wasClosing) this.later(() => this.listener.closed(this, reason));
  }

  private begin(): void {
    if (this.state !== 'opening') return;
    const { engine } = this.edges;
    if (!engine.isUp) {
      this.end();
      return this.listener.closed(this, 'connection refused');
    }
    this.state = 'open';
    const all = this.extent === 'everything' ? engine.all : [];
    engine.watch(this);
    this.tell(() => this.listener.opened(this));
    for (let start = 0; start < all.length; start += batchMax) {
      const entries = all.slice(start, start + batchMax);
      this.tell(() => this.listener.changed(this, entries));
    }
    this.tell(() => this.listener.loaded(this));
  }

  /** Tells the listener something, after what it has yet to be told. */
  private tell(something: () => void): void {
    const { clock } = this.edges;
    this.told.push(something);
    const nowMs = clock.monotonicMs();
    this.lastTellMs = Math.max(this.lastTellMs, nowMs + this.wayMs());
    clock.setTimeout(() => {
      const next = this.told.shift();
      if (this.state === 'open') next?.();
    }, this.lastTellMs - nowMs);
  }

  private ask<Outcome>(answer: () => Outcome | typeof over): Promise<Outcome | typeof over> {
    this.edges.onPromise();
    if (this.state !== 'open') return Promise.resolve(over);
    return new Promise((resolve) => {
      const settle = (outcome: Outcome | typeof over): void => {
        if (!this.waiting.delete(fail)) return;
        this.edges.onPromise();
        resolve(outcome);
        if (this.state === 'closing' && this.waiting.size === 0) this.end();
      };
      const fail = (): void => settle(over);
      this.waiting.add(fail);
      this.later(() => {
        // A connection that broke on the way there has not brought it.
        if (!this.waiting.has(fail)) return;
        const outcome = answer();
        this.later(() => settle(outcome));
      });
    });
  }

  private end(): void {
    this.state = 'over';
    this.edges.engine.unwatch(this);
    for (const fail of [...this.waiting]) fail();
  }

  private later(something: () => void): void {
    this.edges.clock.setTimeout(something, this.wayMs());
  }

  private wayMs(): number {
    return this.edges.random.between(wayMs.leastMs, wayMs.mostMs);
  }
}
