import type { NatsConnection } from '@nats-io/transport-node';
import { formatMapping, mappingKey, parseMapping, shardNames, shardOf } from './bucket-mapping.js';
import { isConflict } from './nats-error.js';
import type { NatsSettings } from './nats-settings.js';
import { NatsStream } from './nats-stream.js';

/** The streams of a bucket: one, or as many as it is split over. */
export class NatsShards {
  private constructor(
    /** Those with locations, in the order of the mapping. */
    readonly streams: readonly NatsStream[],
    /** The one that says how the bucket is split; undefined where it is not. */
    private readonly mapping: NatsStream | undefined,
    /** What people should hear of; undefined if nothing. */
    readonly warning: string | undefined,
  ) {}

  /**
   * Finds or makes the streams of a bucket. Over how many it is split, is decided when it is made: later it is as it is.
   * @throws NatsError for a bucket that is split in a way that is not known, or the library's error
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

  /** Whether a key of the bucket is no client's: somebody has split the bucket after it was opened. */
  isSplitBy(key: string): boolean {
    return this.mapping === undefined && key === mappingKey;
  }

  /** Which of the streams has a key, counted from 0. */
  indexOf(key: string): number {
    return shardOf(key, this.streams.length);
  }

  /** Whether somebody has split the bucket since it was opened. */
  async wasSplit(): Promise<boolean> {
    const [whole] = this.streams;
    if (this.mapping !== undefined || whole === undefined) return false;
    return (await readMapping(whole)) !== undefined;
  }

  /** The stream that has a key. */
  of(key: string): NatsStream {
    const stream = this.streams[this.indexOf(key)];
    if (stream === undefined) throw new Error(`no stream for ${key}`);
    return stream;
  }

  stop(): void {
    for (const stream of this.streams) stream.stop();
  }

  /** Why one of them is not the one that was opened any more; undefined if all are. */
  async findLoss(): Promise<string | undefined> {
    const all = this.mapping === undefined ? this.streams : [this.mapping, ...this.streams];
    return (await Promise.all(all.map((stream) => stream.findLoss()))).find((reason) => reason !== undefined);
  }
}

/** Over how many streams a bucket is split. A new one that shall be is from now on. */
async function findOrMakeMapping(whole: NatsStream, { bucket, shards = 1 }: NatsSettings): Promise<number> {
  const mapping = await readMapping(whole);
  if (mapping !== undefined) return parseMapping(mapping, bucket);
  if (shards === 1 || !whole.wasNew) return 1;
  try {
    await whole.kv.create(mappingKey, formatMapping(shards));
    return shards;
  } catch (error) {
    if (!isConflict(error)) throw error;
    // Another server was faster: what it has written counts.
    return parseMapping((await readMapping(whole)) ?? '', bucket);
  }
}

/** What is written down of how a bucket is split; undefined if it is not. */
async function readMapping({ kv }: NatsStream): Promise<string | undefined> {
  const entry = await kv.get(mappingKey);
  return entry?.operation === 'PUT' ? entry.string() : undefined;
}
