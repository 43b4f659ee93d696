import { JetStreamApiError } from '@nats-io/jetstream';
import type { KvEntry } from '@nats-io/kv';
import { InvalidArgumentError, type NatsConnection } from '@nats-io/transport-node';
import type {
  BucketEntry,
  BucketExtent,
  BucketListener,
  BucketSession,
  GetOutcome,
  PutOutcome,
} from '../../actors/ports/location-bucket.js';
import type { ByteString } from '../../protocol/text/bytes.js';
import { connectToNats } from './nats-connection.js';
import { isConflict, reasonOf } from './nats-error.js';
import type { NatsSettings } from './nats-settings.js';
import { NatsShards } from './nats-shards.js';
import { answerWithinMs } from './nats-stream.js';

/** JetStream error code for a message that exceeds the maximum size of its stream. */
const tooLargeCode = 10_054;

/** One connection to a bucket of NATS. It ends with the loss of the connection or of any of its streams. */
export class NatsSession implements BucketSession {
  private state: 'opening' | 'open' | 'over' = 'opening';
  private connection: NatsConnection | undefined;
  private opened: NatsShards | undefined;
  private lookTimer: NodeJS.Timeout | undefined;
  private readonly puts = new Set<Promise<PutOutcome>>();
  /** Resolves when the session has ended and its connection is closed. */
  readonly over: Promise<void>;
  private noteOver: () => void = () => undefined;

  constructor(
    private readonly settings: NatsSettings,
    name: string,
    private readonly listener: BucketListener,
    private readonly extent: BucketExtent,
  ) {
    this.over = new Promise((resolve) => (this.noteOver = resolve));
    this.begin(name).catch((error: unknown) => this.fail(reasonOf(error)));
  }

  get shards(): readonly string[] {
    return this.opened?.streams.map(({ name }) => name) ?? [];
  }

  shardOf(key: string): number {
    return this.opened?.indexOf(key) ?? 0;
  }

  put(key: string, value: ByteString, revision: number): Promise<PutOutcome> {
    const put = this.tryPut(key, value, revision);
    this.puts.add(put);
    void put.then(() => this.puts.delete(put));
    return put;
  }

  async get(key: string): Promise<GetOutcome> {
    if (this.state !== 'open' || this.opened === undefined) return over;
    try {
      const entry = await this.opened.of(key).kv.get(key);
      return { kind: 'read', entry: entry === null ? undefined : entryOf(entry) };
    } catch (error) {
      return { kind: 'failed', reason: reasonOf(error) };
    }
  }

  close(): void {
    if (this.state === 'over') return;
    this.state = 'over';
    this.letGo();
    // Pending requests fail when the connection is closed, so this ends within the response timeout.
    void Promise.all(this.puts).then(() => this.hangUp());
  }

  private async begin(name: string): Promise<void> {
    const connection = await connectToNats(this.settings, name);
    this.connection = connection;
    if (this.isOver()) return connection.close();
    void connection.closed().then((error) => this.fail(error === undefined ? 'NATS hung up' : reasonOf(error)));
    const shards = await NatsShards.open(connection, this.settings);
    if (this.isOver()) return;
    this.opened = shards;
    this.state = 'open';
    this.listener.opened(this);
    if (shards.warning !== undefined) this.listener.warned(this, shards.warning);
    await this.watch(shards);
    this.lookAgainLater(shards);
  }

  private async watch(shards: NatsShards): Promise<void> {
    let loading = shards.streams.length + 1;
    const loaded = () => {
      loading -= 1;
      if (loading === 0 && !this.isOver()) this.listener.loaded(this);
    };
    const listener = {
      changed: (entries: readonly BucketEntry[]) => {
        if (entries.some(({ key, value }) => value !== undefined && shards.isSplitBy(key))) this.fail(split);
        else this.listener.changed(this, entries);
      },
      loaded,
      broken: (reason: string) => this.fail(reason),
    };
    await Promise.all(shards.streams.map((stream) => stream.watch(this.extent, this.settings.beatMs, listener)));
    // A watch for changes only would miss a mapping that was written between reading it and starting the watch.
    if (await shards.wasSplit()) this.fail(split);
    else loaded();
  }

  /** Checks periodically whether the bucket was replaced. */
  private lookAgainLater(shards: NatsShards): void {
    if (this.isOver()) return;
    this.lookTimer = setTimeout(() => {
      void shards.findLoss().then((reason) => {
        if (reason === undefined) this.lookAgainLater(shards);
        else this.fail(reason);
      });
    }, this.settings.beatMs);
  }

  private async tryPut(key: string, value: ByteString, revision: number): Promise<PutOutcome> {
    if (this.state !== 'open' || this.opened === undefined) return over;
    try {
      const options = { previousSeq: revision, timeout: answerWithinMs };
      const { kv } = this.opened.of(key);
      return { kind: 'stored', revision: await kv.put(key, Buffer.from(value, 'latin1'), options) };
    } catch (error) {
      if (isConflict(error)) return { kind: 'conflict' };
      return { kind: isTooLarge(error) ? 'refused' : 'failed', reason: reasonOf(error) };
    }
  }

  private isOver(): boolean {
    return this.state === 'over';
  }

  private fail(reason: string): void {
    if (this.state === 'over') return;
    this.state = 'over';
    this.letGo();
    this.hangUp();
    this.listener.closed(this, reason);
  }

  private hangUp(): void {
    // Already closed or broken.
    const closed = this.connection?.close().catch(() => undefined) ?? Promise.resolve();
    void closed.then(() => this.noteOver());
  }

  private letGo(): void {
    clearTimeout(this.lookTimer);
    this.opened?.stop();
  }
}

const split = 'the bucket was split just now';
const over = { kind: 'failed', reason: 'the connection to NATS is over' } as const;

function entryOf({ key, value, operation, revision }: KvEntry): BucketEntry {
  const text = Buffer.from(value.buffer, value.byteOffset, value.length).toString('latin1');
  return { key, value: operation === 'PUT' ? text : undefined, revision };
}

function isTooLarge(error: unknown): boolean {
  if (error instanceof InvalidArgumentError) return true;
  return error instanceof JetStreamApiError && error.code === tooLargeCode;
}
