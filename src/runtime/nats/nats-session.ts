import { jetstream, JetStreamApiCodes, JetStreamApiError, type JetStreamManager } from '@nats-io/jetstream';
import { Kvm, type KV, type KvEntry } from '@nats-io/kv';
import { InvalidArgumentError, type NatsConnection } from '@nats-io/transport-node';
import type {
  BucketEntry,
  BucketListener,
  BucketSession,
  GetOutcome,
  PutOutcome,
} from '../../actors/location-bucket.js';
import type { ByteString } from '../../protocol/bytes.js';
import { BucketWatch } from './bucket-watch.js';
import { connectToNats } from './nats-connection.js';
import { NatsError, reasonOf } from './nats-error.js';
import type { NatsSettings } from './nats-settings.js';

/** How long NATS may take to answer, in milliseconds. A cluster that has lost a leader elects another meanwhile. */
const answerWithinMs = 5_000;

/** JetStream's number for a message that is larger than its stream takes. */
const tooLargeCode = 10_054;

/** What there is once the bucket is open. */
interface OpenBucket {
  readonly manager: JetStreamManager;
  readonly kv: KV;
  readonly stream: string;
  /** When the stream behind it was made: one that was deleted and made again has another. */
  readonly created: string;
  readonly lastRevision: number;
}

/** One connection to a bucket of NATS, from its first packet to whatever ends it. */
export class NatsSession implements BucketSession {
  private state: 'opening' | 'open' | 'over' = 'opening';
  private connection: NatsConnection | undefined;
  private bucket: OpenBucket | undefined;
  private watch: BucketWatch | undefined;
  private lookTimer: NodeJS.Timeout | undefined;
  private readonly puts = new Set<Promise<PutOutcome>>();

  constructor(
    private readonly settings: NatsSettings,
    name: string,
    private readonly listener: BucketListener,
  ) {
    this.begin(name).catch((error: unknown) => this.fail(reasonOf(error)));
  }

  put(key: string, value: ByteString, revision: number): Promise<PutOutcome> {
    const put = this.tryPut(key, value, revision);
    this.puts.add(put);
    void put.then(() => this.puts.delete(put));
    return put;
  }

  async get(key: string): Promise<GetOutcome> {
    if (this.state !== 'open' || this.bucket === undefined) return over;
    try {
      const entry = await this.bucket.kv.get(key);
      return { kind: 'read', entry: entry === null ? undefined : entryOf(entry) };
    } catch (error) {
      return { kind: 'failed', reason: reasonOf(error) };
    }
  }

  close(): void {
    if (this.state === 'over') return;
    this.state = 'over';
    this.letGo();
    // What is on its way fails when the connection is closed, so this comes to its end by the answer's deadline.
    void Promise.all(this.puts).then(() => this.hangUp());
  }

  private async begin(name: string): Promise<void> {
    const connection = await connectToNats(this.settings, name);
    this.connection = connection;
    if (this.isOver()) return connection.close();
    void connection.closed().then((error) => this.fail(error === undefined ? 'NATS hung up' : reasonOf(error)));
    const bucket = await openBucket(connection, this.settings);
    if (this.isOver()) return;
    this.bucket = bucket;
    this.state = 'open';
    this.listener.opened(this);
    const { manager, stream, lastRevision } = bucket;
    const watch = new BucketWatch(
      {
        manager,
        listenAt: (subject, heartbeat) =>
          jetstream(connection).consumers.getBoundPushConsumer({ deliver_subject: subject, idle_heartbeat: heartbeat }),
        stream,
        prefix: `$KV.${this.settings.bucket}.`,
        lastRevision,
        beatMs: this.settings.beatMs,
      },
      {
        changed: (entries) => this.listener.changed(this, entries),
        loaded: () => this.listener.loaded(this),
        broken: (reason) => this.fail(reason),
      },
    );
    this.watch = watch;
    await watch.begin();
    this.lookAgainLater(bucket);
  }

  /** Looks now and then whether the bucket is still the one that was opened. */
  private lookAgainLater(bucket: OpenBucket): void {
    if (this.isOver()) return;
    this.lookTimer = setTimeout(() => {
      void this.look(bucket).then(() => this.lookAgainLater(bucket));
    }, this.settings.beatMs);
  }

  private async look({ manager, stream, created }: OpenBucket): Promise<void> {
    try {
      const info = await manager.streams.info(stream);
      if (info.created !== created) this.fail('the bucket was deleted and made anew');
    } catch (error) {
      // That nobody answers is for the pings and the watch to judge: a busy NATS is no dead one.
      if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound)
        this.fail('the bucket was deleted');
    }
  }

  private async tryPut(key: string, value: ByteString, revision: number): Promise<PutOutcome> {
    if (this.state !== 'open' || this.bucket === undefined) return over;
    try {
      const options = { previousSeq: revision, timeout: answerWithinMs };
      return { kind: 'stored', revision: await this.bucket.kv.put(key, Buffer.from(value, 'latin1'), options) };
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
    // It may be closed already, or broken: either way it is over.
    this.connection?.close().catch(() => undefined);
  }

  private letGo(): void {
    clearTimeout(this.lookTimer);
    this.watch?.stop();
  }
}

const over = { kind: 'failed', reason: 'the connection to NATS is over' } as const;

async function openBucket(connection: NatsConnection, { bucket, replicas }: NatsSettings): Promise<OpenBucket> {
  const client = jetstream(connection, { timeout: answerWithinMs });
  const manager = await client.jetstreamManager();
  const options = {
    history: 1,
    replicas,
    allow_direct: false,
    description: 'the last location of each client of a herd',
  };
  const kv = await new Kvm(client).create(bucket, options);
  const { streamInfo } = await kv.status();
  const { config, created, state } = streamInfo;
  if (config.max_msgs_per_subject !== 1) {
    throw new NatsError(`the bucket ${bucket} keeps more than one value a key; a herd needs one of its own`);
  }
  return { manager, kv, stream: config.name, created, lastRevision: state.last_seq };
}

function entryOf({ key, value, operation, revision }: KvEntry): BucketEntry {
  const text = Buffer.from(value.buffer, value.byteOffset, value.length).toString('latin1');
  return { key, value: operation === 'PUT' ? text : undefined, revision };
}

function isConflict(error: unknown): boolean {
  if (!(error instanceof JetStreamApiError)) return false;
  const { StreamWrongLastSequence, StreamWrongLastSequenceUnknown } = JetStreamApiCodes;
  return error.code === StreamWrongLastSequence || error.code === StreamWrongLastSequenceUnknown;
}

function isTooLarge(error: unknown): boolean {
  if (error instanceof InvalidArgumentError) return true;
  return error instanceof JetStreamApiError && error.code === tooLargeCode;
}
