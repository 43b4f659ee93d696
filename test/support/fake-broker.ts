import type { PubSub, PubSubHandler, PubSubSession } from '../../src/actors/ports/pub-sub.js';
import type { Clock } from '../../src/actors/ports/clock.js';

interface FakeSubscription {
  readonly session: FakeSession;
  readonly subject: string;
  readonly queue: string | undefined;
}

/** A message broker in memory that delivers each message after a millisecond. */
export class FakeBroker {
  readonly subscriptions = new Set<FakeSubscription>();
  readonly sessions = new Set<FakeSession>();
  /** Whether a message to a session is lost; none by default. */
  loses: (subject: string, to: string) => boolean = () => false;
  /** Messages published since the start, by the first two tokens behind the herd's name. */
  readonly published: { readonly subject: string; readonly from: string; readonly text: string }[] = [];
  isUp = true;

  constructor(readonly clock: Clock) {}

  /** The broker as one server sees it. */
  connect(name: string): PubSub {
    return {
      open: (handler) => new FakeSession(this, name, handler),
      flushed: () => Promise.resolve(),
    };
  }

  /** Ends all sessions of a server, or of all servers. */
  disconnect(name?: string): void {
    for (const session of [...this.sessions]) if (name === undefined || session.name === name) session.end('lost');
  }

  later(work: () => void): void {
    this.clock.setTimeout(work, 1);
  }
}

class FakeSession implements PubSubSession {
  readonly maxPayloadBytes = 1_048_576;
  readonly bufferedBytes = 0;
  private isOpen = true;

  constructor(
    private readonly broker: FakeBroker,
    readonly name: string,
    private readonly handler: PubSubHandler,
  ) {
    broker.sessions.add(this);
    broker.later(() => {
      if (!this.isOpen) return;
      if (broker.isUp) handler.opened(this);
      else this.end('refused');
    });
  }

  publish(subject: string, payload: Uint8Array, replyTo = ''): void {
    const { broker } = this;
    const bytes = Buffer.from(payload);
    broker.published.push({ subject, from: this.name, text: bytes.toString('latin1') });
    broker.later(() => {
      if (!this.isOpen || !broker.isUp) return;
      const matching = [...broker.subscriptions].filter(
        ({ session, subject: pattern }) => session !== this && matches(pattern, subject),
      );
      const groups = new Map<string, FakeSubscription[]>();
      for (const subscription of matching) {
        const { queue } = subscription;
        if (queue === undefined) subscription.session.deliver(subject, bytes, replyTo);
        else groups.set(queue, [...(groups.get(queue) ?? []), subscription]);
      }
      for (const [first] of groups.values()) first?.session.deliver(subject, bytes, replyTo);
      if (matching.length === 0 && replyTo !== '') this.handler.unanswered(this, replyTo);
    });
  }

  subscribe(subject: string, queue?: string): () => void {
    const subscription = { session: this, subject, queue };
    this.broker.subscriptions.add(subscription);
    return () => void this.broker.subscriptions.delete(subscription);
  }

  close(): void {
    // What was published before is delivered.
    this.broker.later(() => this.forget());
  }

  end(reason: string): void {
    if (!this.isOpen) return;
    this.forget();
    this.handler.closed(this, reason);
  }

  /** The server is gone: nothing is reported any more. */
  vanish(): void {
    this.forget();
  }

  deliver(subject: string, bytes: Buffer, replyTo: string): void {
    if (this.isOpen && !this.broker.loses(subject, this.name)) {
      this.handler.received(this, subject, Buffer.from(bytes), replyTo);
    }
  }

  private forget(): void {
    this.isOpen = false;
    const { sessions, subscriptions } = this.broker;
    sessions.delete(this);
    for (const subscription of [...subscriptions])
      if (subscription.session === this) subscriptions.delete(subscription);
  }
}

function matches(pattern: string, subject: string): boolean {
  return pattern.endsWith('>') ? subject.startsWith(pattern.slice(0, -1)) : pattern === subject;
}
