import type {
  BucketEntry,
  BucketExtent,
  BucketListener,
  BucketSession,
  GetOutcome,
  PutOutcome,
} from '../../actors/ports/location-bucket.js';
import { parseBucketValue } from '../../protocol/nats/bucket-value.js';
import type { Clock } from '../../actors/ports/clock.js';
import type { ByteString } from '../../protocol/text/bytes.js';
import type { ServerId } from '../../protocol/place/ids.js';
import type { OneWay } from '../network/one-way.js';
import type { SimulatedNetwork } from '../network/simulated-network.js';
import type { SocketHost } from '../network/socket.js';
import type { SimulationListener } from '../environment.js';
import { brokerName, type BucketEngine, type EngineConnection } from './bucket-engine.js';

/** Dependencies of connections to the simulated broker. */
export interface SimulatedBucketDependencies {
  readonly engine: BucketEngine;
  readonly network: SimulatedNetwork;
  /** The connecting process. */
  readonly host: SocketHost;
  /** The clock of that process. */
  readonly clock: Clock;
  /** Heartbeat interval, in milliseconds. */
  readonly beatMs: number;
  readonly tell: SimulationListener;
  /** Called when a promise was created or settled: its continuations run before time advances. */
  readonly onPromise: () => void;
}

/** Maximum entries in a batch. */
const batchMax = 100;

/** Milliseconds within which the broker must accept or answer, as with NATS. */
const answerWithinMs = 5_000;

/** Missed heartbeats after which a connection counts as lost. */
const silentBeats = 3;

const over = { kind: 'failed', reason: 'the connection has ended' } as const;
const late = { kind: 'failed', reason: 'no answer in time' } as const;

/** A connection to the simulated broker, over the simulated network: messages are delayed and keep their order. */
export class SimulatedSession implements BucketSession, EngineConnection {
  readonly shards = [brokerName];
  private state: 'opening' | 'open' | 'closing' | 'over' = 'opening';
  private readonly there: OneWay;
  private readonly back: OneWay;
  /** Callbacks that fail the pending requests. */
  private readonly waiting = new Set<() => void>();
  private bucketNumber: number | undefined;
  private heardMs = 0;
  /** Resolves when the session has ended. */
  readonly over: Promise<void>;
  private noteOver: () => void = () => undefined;
  private timer: unknown;

  constructor(
    private readonly edges: SimulatedBucketDependencies,
    private readonly listener: BucketListener,
    private readonly extent: BucketExtent,
  ) {
    const { network, host, engine, clock } = edges;
    this.over = new Promise((resolve) => (this.noteOver = resolve));
    this.there = network.openOneWay(host, engine.host);
    this.back = network.openOneWay(engine.host, host);
    this.timer = clock.setTimeout(() => this.fail(late.reason), answerWithinMs);
    this.there.send('OPEN\n', () => this.accept());
  }

  shardOf(): number {
    return 0;
  }

  put(key: string, value: ByteString, revision: number): Promise<PutOutcome> {
    if (this.state === 'open') this.told(this.server, this.edges.engine.host.name as ServerId, value);
    return this.ask<PutOutcome>(`PUT ${revision} ${value}`, () => {
      const outcome = this.edges.engine.put(key, value, revision);
      this.noteOutcome(outcome, value);
      return outcome;
    });
  }

  get(key: string): Promise<GetOutcome> {
    return this.ask<GetOutcome>(`GET ${key}`, () => {
      const { entry, node } = this.edges.engine.get(key);
      if (node === 'behind') this.edges.tell({ kind: 'stale-read', server: this.server });
      return { kind: 'read', entry };
    });
  }

  close(): void {
    if (this.state === 'over') return;
    this.state = 'closing';
    if (this.waiting.size === 0) this.end();
  }

  /** The process that owns the connection has ended. */
  abandon(): void {
    if (this.state === 'over') return;
    this.waiting.clear();
    this.end();
  }

  written(entry: BucketEntry): void {
    if (this.state !== 'over') this.deliver([entry]);
  }

  cut(reason: string): void {
    this.back.send('RESET\n', () => this.fail(reason));
  }

  get underWayAsked(): number {
    return this.waiting.size;
  }

  private get server(): ServerId {
    return this.edges.host.name as ServerId;
  }

  /** Runs at the broker: accepts the connection. */
  private accept(): void {
    const { engine } = this.edges;
    if (!engine.isUp) return this.cut('connection refused');
    engine.open(this);
    const { all, bucketNumber } = engine;
    this.back.send('OPENED\n', () => this.opened(bucketNumber));
    const told = this.extent === 'everything' ? all : [];
    for (let start = 0; start < told.length; start += batchMax) this.deliver(told.slice(start, start + batchMax));
    this.back.send('LOADED\n', () => this.hear(() => this.listener.loaded(this)));
  }

  private opened(bucketNumber: number | undefined): void {
    if (this.state !== 'opening') return;
    this.state = 'open';
    this.bucketNumber = bucketNumber;
    this.hear(() => this.listener.opened(this));
    this.beatLater();
  }

  private deliver(entries: readonly BucketEntry[]): void {
    const { host } = this.edges.engine;
    for (const { value = '' } of entries) this.told(host.name as ServerId, this.server, value);
    const text = entries.map(({ revision, value = '' }) => `VALUE ${revision} ${value}\n`).join('');
    this.back.send(text, () => this.hear(() => this.listener.changed(this, entries)));
  }

  /** Sends a heartbeat, and checks that the bucket is still the one that was opened. */
  private beatLater(): void {
    const { clock, beatMs, engine } = this.edges;
    clock.clearTimeout(this.timer);
    this.timer = clock.setTimeout(() => {
      if (this.state !== 'open') return;
      if (clock.monotonicMs() - this.heardMs > silentBeats * beatMs) return this.fail('the broker went silent');
      this.there.send('PING\n', () => {
        this.atEngine(() => {
          const { bucketNumber } = engine;
          this.back.send('PONG\n', () => this.hear(() => this.look(bucketNumber)));
        });
      });
      this.beatLater();
    }, beatMs);
  }

  private look(bucketNumber: number | undefined): void {
    if (bucketNumber !== this.bucketNumber) this.fail('the bucket was deleted');
  }

  private ask<Outcome extends { readonly kind: string }>(
    text: ByteString,
    answer: () => Outcome,
  ): Promise<Outcome | typeof over | typeof late> {
    const { clock, onPromise } = this.edges;
    onPromise();
    if (this.state !== 'open') return Promise.resolve(over);
    return new Promise((resolve) => {
      const settle = (outcome: Outcome | typeof over | typeof late): void => {
        if (!this.waiting.delete(fail)) return;
        clock.clearTimeout(deadline);
        onPromise();
        resolve(outcome);
        if (this.state === 'closing' && this.waiting.size === 0) this.end();
      };
      const fail = (): void => settle(over);
      const deadline = clock.setTimeout(() => settle(late), answerWithinMs);
      this.waiting.add(fail);
      this.there.send(`${text}\n`, () => {
        this.atEngine(() => {
          const outcome = answer();
          this.back.send(`${outcome.kind.toUpperCase()}\n`, () => {
            this.heardMs = clock.monotonicMs();
            settle(outcome);
          });
        });
      });
    });
  }

  /** Runs work at the broker if it knows this connection; after a restart of the broker it does not. */
  private atEngine(work: () => void): void {
    if (this.edges.engine.isConnected(this)) work();
    else this.cut('the connection was reset');
  }

  /** Processes a message from the broker. */
  private hear(then: () => void): void {
    this.heardMs = this.edges.clock.monotonicMs();
    if (this.state === 'open') then();
  }

  private fail(reason: string): void {
    if (this.state === 'over') return;
    const wasClosing = this.state === 'closing';
    this.end();
    if (!wasClosing) this.listener.closed(this, reason);
  }

  private end(): void {
    this.state = 'over';
    this.edges.clock.clearTimeout(this.timer);
    // Earlier writes are delivered first.
    this.there.send('BYE\n', () => this.edges.engine.close(this));
    this.there.end();
    this.back.end();
    for (const fail of [...this.waiting]) fail();
    this.edges.onPromise();
    this.noteOver();
  }

  private noteOutcome({ kind }: PutOutcome, value: ByteString): void {
    const { tell, engine } = this.edges;
    if (kind !== 'stored') return tell({ kind: 'not-stored', server: this.server, outcome: kind });
    const said = parseBucketValue(value);
    if (said.kind !== 'location') return;
    const into = engine.bucketNumber === this.bucketNumber ? 'its own bucket' : 'a later bucket';
    tell({ kind: 'stored', server: this.server, location: said.location, into });
  }

  private told(from: ServerId, to: ServerId, value: ByteString): void {
    this.edges.tell({ kind: 'line-sent', server: from, neighbour: to, line: value.slice(value.indexOf(' ') + 1) });
  }
}
