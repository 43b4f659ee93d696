import { PermissionViolationError, type Msg, type NatsConnection } from '@nats-io/transport-node';
import type { PubSubHandler, PubSubSession } from '../../actors/ports/pub-sub.js';
import { connectToNats } from './nats-connection.js';
import { permissionReason, reasonOf } from './nats-error.js';
import type { NatsSettings } from './nats-settings.js';

/** Time for a closed session to send what was published, in milliseconds. A stopping host waits less. */
export const closeTimeoutMs = 6_000;

/** Status of a response by nats-server to a message without a subscriber. */
const noResponders = 503;

/** Internals of the library, which does not offer the length of its output. A test fails if an update moves them. */
interface Output {
  readonly protocol: {
    readonly outbound: { size(): number };
    readonly transport: { readonly socket?: { readonly writableLength: number } };
  };
}

/** One connection to NATS. It ends with the connection, or if nats-server reports an error. */
export class NatsSession implements PubSubSession {
  private state: 'opening' | 'open' | 'closed' = 'opening';
  private connection: NatsConnection | undefined;
  /** Resolves when the session has ended and sent what was published. */
  readonly ended: Promise<void>;
  private onEnded: () => void = () => undefined;

  constructor(
    private readonly settings: NatsSettings,
    name: string,
    private readonly handler: PubSubHandler,
  ) {
    this.ended = new Promise((resolve) => (this.onEnded = resolve));
    this.begin(name).catch((error: unknown) => this.fail(reasonOf(error)));
  }

  /** Whether the session was closed or has failed. */
  get isClosed(): boolean {
    return this.state === 'closed';
  }

  get maxPayloadBytes(): number {
    return this.connection?.info?.max_payload ?? 0;
  }

  get bufferedBytes(): number {
    if (this.state !== 'open') return 0;
    // The interface of the library lacks it.
    const { outbound, transport } = (this.connection as unknown as Output).protocol;
    return outbound.size() + (transport.socket?.writableLength ?? 0);
  }

  publish(subject: string, payload: Uint8Array, replyTo?: string): void {
    if (this.state !== 'open') return;
    this.connection?.publish(subject, payload, replyTo === undefined ? undefined : { reply: replyTo });
  }

  subscribe(subject: string, queue?: string): () => void {
    if (this.state !== 'open') return () => undefined;
    const options = queue === undefined ? {} : { queue };
    const subscription = this.connection?.subscribe(subject, {
      ...options,
      callback: (error, message) => {
        // Errors are reported by the status of the connection too.
        if (error === null) this.receive(message);
      },
    });
    return () => subscription?.unsubscribe();
  }

  close(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    void this.flush().then(() => this.disconnect());
  }

  private async begin(name: string): Promise<void> {
    const connection = await connectToNats(this.settings, name);
    this.connection = connection;
    if (this.isClosed) {
      this.disconnect();
      return;
    }
    this.state = 'open';
    void this.followStatus(connection);
    void connection.closed().then((error) => this.fail(error ? reasonOf(error) : 'NATS closed the connection'));
    this.handler.opened(this);
  }

  /** The library reports errors of nats-server only here. */
  private async followStatus(connection: NatsConnection): Promise<void> {
    for await (const status of connection.status()) {
      if (status.type === 'error') this.fail(this.describe(status.error));
      // The library closes such a connection only after sending what is buffered, which may be never.
      if (status.type === 'staleConnection') this.fail('NATS has not responded for three heartbeats');
    }
  }

  private describe(error: Error): string {
    const { subjectName } = this.settings;
    return error instanceof PermissionViolationError ? permissionReason(error, subjectName) : reasonOf(error);
  }

  private receive(message: Msg): void {
    if (this.state !== 'open') return;
    const { subject, data } = message;
    if (data.length === 0 && message.headers?.code === noResponders) this.handler.unanswered(this, subject);
    else this.handler.received(this, subject, data, message.reply ?? '');
  }

  private fail(reason: string): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.disconnect();
    this.handler.closed(this, reason);
  }

  /** Resolves when nats-server has received what was published, the connection is lost, or the timeout has passed. */
  private async flush(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, closeTimeoutMs);
    });
    const lost = this.connection?.closed();
    await Promise.race([this.connection?.flush().catch(() => undefined), lost, timeout]);
    clearTimeout(timer);
  }

  private disconnect(): void {
    const closing = this.connection?.close().catch(() => undefined);
    void Promise.resolve(closing).then(() => this.onEnded());
  }
}
