import { AckPolicy, DeliverPolicy, type JetStreamManager, type JsMsg, type PushConsumer } from '@nats-io/jetstream';
import { createInbox, nanos } from '@nats-io/transport-node';
import type { BucketEntry, BucketExtent } from '../../actors/ports/location-bucket.js';
import type { ByteString } from '../../protocol/text/bytes.js';

/** What a watch needs. */
export interface BucketWatchEdges {
  readonly manager: JetStreamManager;
  /** Listens at a subject, with the library's own idea of signs of life and of how fast it may come. */
  readonly listenAt: (subject: string, idleHeartbeatNanos: number) => Promise<PushConsumer>;
  readonly stream: string;
  /** What stands in front of a key in a subject. */
  readonly prefix: string;
  /** Whether everything there is is told, or only what changes from now on. */
  readonly extent: BucketExtent;
  /** The revision of the newest entry when the bucket was opened. */
  readonly lastRevision: number;
  readonly beatMs: number;
}

/** What a watch tells. Nothing follows `broken`. */
export interface BucketWatchListener {
  changed(entries: readonly BucketEntry[]): void;
  /** Everything that the bucket held has been told, if that is told at all. */
  loaded(): void;
  broken(reason: string): void;
}

/**
 * Tells everything that a bucket holds, or nothing of it, and then what changes, in batches: what came in a turn of the event loop. The library
 * would mend a watch by itself, and would not notice that it goes on in another bucket of the same name. So this one only ever
 * breaks, and whoever has it begins anew.
 */
export class BucketWatch {
  private gathered: BucketEntry[] = [];
  private delivered = 0;
  /** The revision of the last entry that was told. */
  private newest = 0;
  private phase: 'beginning' | 'loading' | 'live' | 'over' = 'beginning';
  private flushing: NodeJS.Immediate | undefined;
  private end: () => void = () => undefined;

  constructor(
    private readonly edges: BucketWatchEdges,
    private readonly listener: BucketWatchListener,
  ) {}

  /** @throws the library's error if the bucket cannot be watched */
  async begin(): Promise<void> {
    const { manager, listenAt, stream, prefix, extent, beatMs } = this.edges;
    const subject = createInbox();
    const heartbeat = nanos(beatMs);
    const consumer = await listenAt(subject, heartbeat);
    const messages = await consumer.consume({ callback: (message) => this.take(message) });
    this.end = () => void messages.close();
    void this.listen(messages.status());
    const { num_pending: pending } = await manager.consumers.add(stream, {
      deliver_subject: subject,
      deliver_policy: extent === 'everything' ? DeliverPolicy.LastPerSubject : DeliverPolicy.New,
      filter_subject: `${prefix}>`,
      ack_policy: AckPolicy.None,
      max_deliver: 1,
      flow_control: true,
      idle_heartbeat: heartbeat,
      // It is for this connection alone: a copy of it, or one on disk, would be of no use to anybody.
      mem_storage: true,
      num_replicas: 1,
    });
    if (this.phase !== 'beginning') return;
    this.phase = 'loading';
    if (extent === 'changes' || (pending === 0 && this.delivered === 0)) this.finishLoading();
    else this.askForFlush();
  }

  stop(): void {
    this.phase = 'over';
    clearImmediate(this.flushing);
    this.gathered = [];
    this.end();
  }

  private take(message: JsMsg): void {
    if (this.phase === 'over') return;
    const { deliverySequence, streamSequence } = message.info;
    this.delivered += 1;
    if (deliverySequence !== this.delivered) return this.break('the watch of the bucket has a gap');
    this.gathered.push({
      key: message.subject.slice(this.edges.prefix.length),
      value: valueOf(message),
      revision: streamSequence,
    });
    this.askForFlush();
  }

  private askForFlush(): void {
    this.flushing ??= setImmediate(() => this.flush());
  }

  private flush(): void {
    this.flushing = undefined;
    const entries = this.gathered;
    this.gathered = [];
    if (entries.length > 0) this.listener.changed(entries);
    this.newest = entries.at(-1)?.revision ?? this.newest;
    if (this.phase === 'loading' && this.newest >= this.edges.lastRevision) this.finishLoading();
  }

  private finishLoading(): void {
    this.phase = 'live';
    this.listener.loaded();
  }

  private async listen(statuses: ReturnType<Awaited<ReturnType<PushConsumer['consume']>>['status']>): Promise<void> {
    for await (const status of statuses) {
      if (this.phase === 'over') return;
      if (status.type === 'heartbeat') this.noteHeartbeat(status.lastConsumerSequence);
      else if (status.type === 'heartbeats_missed' && this.phase !== 'beginning') this.break('the bucket went silent');
      else if (status.type === 'consumer_deleted') this.break('the watch of the bucket was deleted');
    }
  }

  /** Nothing is on its way when a heartbeat is sent. */
  private noteHeartbeat(sent: number): void {
    if (sent > this.delivered) return this.break('the watch of the bucket has lost something');
    this.flush();
    // The newest entry may have been deleted since.
    if (this.phase === 'loading') this.finishLoading();
  }

  private break(reason: string): void {
    if (this.phase === 'over') return;
    this.stop();
    this.listener.broken(reason);
  }
}

function valueOf({ data, headers }: JsMsg): ByteString | undefined {
  const isDeletion = headers !== undefined && (headers.has('KV-Operation') || headers.has('Nats-Marker-Reason'));
  return isDeletion ? undefined : Buffer.from(data.buffer, data.byteOffset, data.length).toString('latin1');
}
