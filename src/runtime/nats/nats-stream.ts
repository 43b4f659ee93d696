import { jetstream, JetStreamApiCodes, JetStreamApiError, type JetStreamManager } from '@nats-io/jetstream';
import { Kvm, type KV } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import type { BucketExtent } from '../../actors/ports/location-bucket.js';
import { BucketWatch, type BucketWatchListener } from './bucket-watch.js';
import { NatsError } from './nats-error.js';

/** How long NATS may take to answer, in milliseconds. A cluster that has lost a leader elects another meanwhile. */
export const answerWithinMs = 5_000;

/** One stream of NATS with the key-value bucket in it: a whole bucket, or one of those that a bucket is split into. */
export class NatsStream {
  private watching: BucketWatch | undefined;

  private constructor(
    private readonly connection: NatsConnection,
    private readonly manager: JetStreamManager,
    readonly kv: KV,
    readonly name: string,
    /** What the stream is called, and when it was made: one that was deleted and made again has another time. */
    private readonly stream: { readonly name: string; readonly created: string },
    private readonly lastRevision: number,
  ) {}

  /**
   * Finds or makes it.
   * @throws NatsError for one that no herd has made, or the library's error
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
      throw new NatsError(`the bucket ${name} keeps more than one value a key; a herd needs one of its own`);
    }
    return new NatsStream(connection, manager, kv, name, { name: config.name, created }, state.last_seq);
  }

  /** Whether nothing was ever written when it was opened. */
  get wasNew(): boolean {
    return this.lastRevision === 0;
  }

  /** Tells what it holds and what changes, until it is stopped. */
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

  /** Why it is not the one that was opened any more; undefined if it is, or if nobody says. */
  async findLoss(): Promise<string | undefined> {
    try {
      const { created } = await this.manager.streams.info(this.stream.name);
      return created === this.stream.created ? undefined : 'the bucket was deleted and made anew';
    } catch (error) {
      // That nobody answers is for the pings and the watch to judge: a busy NATS is no dead one.
      const isGone = error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound;
      return isGone ? 'the bucket was deleted' : undefined;
    }
  }
}
