import { AckPolicy, DeliverPolicy, type JetStreamManager, type JsMsg, type PushConsumer } from '@nats-io/jetstream';
import { createInbox, nanos } from '@nats-io/transport-node';
import type { BucketEntry, BucketExtent } from '../../actors/ports/location-bucket.js';
import type { ByteString } from '../../protocol/text/bytes.js';

/** Dependencies of a watch. */
export interface BucketWatchDependencies {
  readonly manager: JetStreamManager;
  /** Subscribes to a subject with the library's heartbeats and flow control. */
  readonly listenAt: (subject: string, idleHeartbeatNanos: number) => Promise<PushConsumer>;
  readonly stream: string;
  /** Prefix of a key in a subject. */
  readonly prefix: string;
  /** Whether all existing entries are delivered first, or only changes. */
  readonly extent: BucketExtent;
  /** Revision of the newest entry when the bucket was opened. */
  readonly lastRevision: number;
  readonly beatMs: number;
}

/** Events of a watch. Nothing follows `broken`. */
export interface BucketWatchListener {
  changed(entries: readonly BucketEntry[]): void;
  /** All existing entries have been delivered, if requested. */
  loaded(): void;
  broken(reason: string): void;
}

/**
 * Delivers all entries of a bucket, if requested, and then changes, in batches per turn of the event loop. It never recovers by itself:
 * the library's own recovery would not notice that the bucket was replaced by another one of the same name. The owner starts a new watch.
 */
export class BucketWatch {
  private gathered: BucketEntry[] = [];
  private delivered = 0;
  /** Revision of the last delivered entry. */
  private newest = 0;
  private phase: 'beginning' | 'loading' | 'live' | 'over' = 'beginning';
  private flushing: NodeJS.Immediate | undefined;
  private end: () => void = () => undefined;

  constructor(
    private readonly edges: BucketWatchDependencies,
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
      // The consumer serves this connection only, so it needs no replicas and no storage on disk.
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

  /** When a heartbeat arrives, all entries sent before it have arrived. */
  private noteHeartbeat(sent: number): void {
    if (sent > this.delivered) return this.break('the watch of the bucket has lost something');
    this.flush();
    // The newest entry may have been deleted in the meantime.
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
