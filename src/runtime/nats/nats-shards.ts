import type { NatsConnection } from '@nats-io/transport-node';
import { formatMapping, mappingKey, parseMapping, shardNames, shardOf } from './bucket-mapping.js';
import { isConflict } from './nats-error.js';
import type { NatsSettings } from './nats-settings.js';
import { NatsStream } from './nats-stream.js';

/** Streams of a bucket: one, or one per shard. */
export class NatsShards {
  private constructor(
    /** Streams with locations, in the order of the mapping. */
    readonly streams: readonly NatsStream[],
    /** Stream with the mapping; undefined if the bucket is not split. */
    private readonly mapping: NatsStream | undefined,
    /** Warning for operators, if any. */
    readonly warning: string | undefined,
  ) {}

  /**
   * Opens the streams of a bucket or creates them. The number of streams is fixed when the bucket is created.
   * @throws NatsError for an unsupported mapping, or the library's error
   */
  static async open(connection: NatsConnection, settings: NatsSettings): Promise<NatsShards> {
    const { bucket, replicas, shards } = settings;
    const whole = await NatsStream.open(connection, bucket, replicas);
    const found = await findOrMakeMapping(whole, settings);
    const warning =
      shards === undefined || shards === found
        ? undefined
        : `herd.yaml says shards: ${shards}, but the bucket ${bucket} is split over ${found}, and stays so`;
    if (found === 1) return new NatsShards([whole], undefined, warning);
    const names = shardNames(bucket, found);
    const streams = await Promise.all(names.map((name) => NatsStream.open(connection, name, replicas)));
    return new NatsShards(streams, whole, warning);
  }

  /** Whether a key is that of the mapping, which means that the bucket was split after it was opened. */
  isSplitBy(key: string): boolean {
    return this.mapping === undefined && key === mappingKey;
  }

  /** Index of the stream that has a key. */
  indexOf(key: string): number {
    return shardOf(key, this.streams.length);
  }

  /** Whether the bucket was split since it was opened. */
  async wasSplit(): Promise<boolean> {
    const [whole] = this.streams;
    if (this.mapping !== undefined || whole === undefined) return false;
    return (await readMapping(whole)) !== undefined;
  }

  /** Stream that has a key. */
  of(key: string): NatsStream {
    const stream = this.streams[this.indexOf(key)];
    if (stream === undefined) throw new Error(`no stream for ${key}`);
    return stream;
  }

  stop(): void {
    for (const stream of this.streams) stream.stop();
  }

  /** Describes a stream that was replaced since it was opened; undefined if there is none. */
  async findLoss(): Promise<string | undefined> {
    const all = this.mapping === undefined ? this.streams : [this.mapping, ...this.streams];
    return (await Promise.all(all.map((stream) => stream.findLoss()))).find((reason) => reason !== undefined);
  }
}

/** Number of streams of a bucket; writes the mapping of a new one. */
async function findOrMakeMapping(whole: NatsStream, { bucket, shards = 1 }: NatsSettings): Promise<number> {
  const mapping = await readMapping(whole);
  if (mapping !== undefined) return parseMapping(mapping, bucket);
  if (shards === 1 || !whole.wasNew) return 1;
  try {
    await whole.kv.create(mappingKey, formatMapping(shards));
    return shards;
  } catch (error) {
    if (!isConflict(error)) throw error;
    // Another server was faster; its mapping applies.
    return parseMapping((await readMapping(whole)) ?? '', bucket);
  }
}

/** Reads the mapping of a bucket; undefined if it is not split. */
async function readMapping({ kv }: NatsStream): Promise<string | undefined> {
  const entry = await kv.get(mappingKey);
  return entry?.operation === 'PUT' ? entry.string() : undefined;
}
