import { jetstream, JetStreamApiCodes, JetStreamApiError, type JetStreamManager } from '@nats-io/jetstream';
import { Kvm, type KV } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import type { BucketExtent } from '../../actors/ports/location-bucket.js';
import { BucketWatch, type BucketWatchListener } from './bucket-watch.js';
import { NatsError } from './nats-error.js';

/** Response timeout in milliseconds. Long enough for a cluster to elect a new leader. */
export const answerWithinMs = 5_000;

/** Stream of a key-value bucket: the whole bucket, or one shard. */
export class NatsStream {
  private watching: BucketWatch | undefined;

  private constructor(
    private readonly connection: NatsConnection,
    private readonly manager: JetStreamManager,
    readonly kv: KV,
    readonly name: string,
    /** Name and creation time of the stream. A stream that was deleted and recreated has another time. */
    private readonly stream: { readonly name: string; readonly created: string },
    private readonly lastRevision: number,
  ) {}

  /**
   * Opens the stream or creates it.
   * @throws NatsError for a bucket that keeps more than one value per key, or the library's error
   */
  static async open(connection: NatsConnection, name: string, replicas: number): Promise<NatsStream> {
    const client = jetstream(connection, { timeout: answerWithinMs });
    const manager = await client.jetstreamManager();
    const options = {
      history: 1,
      replicas,
      allow_direct: false,
      description: 'the last location of each client of a herd',
    };
    const kv = await new Kvm(client).create(name, options);
    const { config, created, state } = (await kv.status()).streamInfo;
    if (config.max_msgs_per_subject !== 1) {
      throw new NatsError(`the bucket ${name} keeps more than one value per key; a herd needs a bucket of its own`);
    }
    return new NatsStream(connection, manager, kv, name, { name: config.name, created }, state.last_seq);
  }

  /** Whether nothing had ever been written when it was opened. */
  get wasNew(): boolean {
    return this.lastRevision === 0;
  }

  /** Starts a watch. */
  watch(extent: BucketExtent, beatMs: number, listener: BucketWatchListener): Promise<void> {
    const { connection, manager, stream, name, lastRevision } = this;
    const watch = new BucketWatch(
      {
        manager,
        listenAt: (subject, heartbeat) =>
          jetstream(connection).consumers.getBoundPushConsumer({ deliver_subject: subject, idle_heartbeat: heartbeat }),
        stream: stream.name,
        prefix: `$KV.${name}.`,
        extent,
        lastRevision,
        beatMs,
      },
      listener,
    );
    this.watching = watch;
    return watch.begin();
  }

  stop(): void {
    this.watching?.stop();
  }

  /** Describes why it is not the opened stream any more; undefined if it is, or if there is no response. */
  async findLoss(): Promise<string | undefined> {
    try {
      const { created } = await this.manager.streams.info(this.stream.name);
      return created === this.stream.created ? undefined : 'the bucket was deleted and recreated';
    } catch (error) {
      // A missing response is left to the pings and the watch: NATS may just be busy.
      const isGone = error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound;
      return isGone ? 'the bucket was deleted' : undefined;
    }
  }
}
