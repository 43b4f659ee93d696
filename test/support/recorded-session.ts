import type { PubSub, PubSubSession } from '../../src/actors/ports/pub-sub.js';
import { eventually } from './eventually.js';

/** A message that a session received. */
interface ReceivedMessage {
  readonly subject: string;
  readonly text: string;
  readonly replyTo: string;
}

/** A session that records its reports. */
export class RecordedSession {
  readonly received: ReceivedMessage[] = [];
  readonly unanswered: string[] = [];
  /** The reports in their order. */
  readonly reports: ('opened' | 'received' | 'unanswered' | 'closed')[] = [];
  /** Why the session is closed; undefined while it is not. */
  reason: string | undefined;
  readonly session: PubSubSession;
  /** Called with each message during its report. */
  onMessage: (payload: Uint8Array) => void = () => undefined;

  constructor(pubSub: PubSub) {
    this.session = pubSub.open({
      opened: () => this.reports.push('opened'),
      received: (_, subject, payload, replyTo) => {
        this.reports.push('received');
        this.received.push({ subject, text: Buffer.from(payload).toString(), replyTo });
        this.onMessage(payload);
      },
      unanswered: (_, replyTo) => {
        this.reports.push('unanswered');
        this.unanswered.push(replyTo);
      },
      closed: (_, reason) => {
        this.reports.push('closed');
        this.reason = reason;
      },
    });
  }

  /** Opens a session and waits until it can be used. */
  static async open(pubSub: PubSub): Promise<RecordedSession> {
    const recorded = new RecordedSession(pubSub);
    const outcome = await recorded.outcome();
    if (outcome !== 'opened') throw new Error(outcome);
    return recorded;
  }

  /** Waits until the session is open, or has failed; returns `opened`, or why it has failed. */
  outcome(): Promise<string> {
    return eventually('the session is open or has failed', () => this.reason ?? this.reports[0]);
  }

  /** Waits until the session has failed, and returns why. */
  whenClosed(): Promise<string> {
    return eventually('the session has failed', () => this.reason);
  }

  /** Texts of the messages that were received. */
  get texts(): string[] {
    return this.received.map(({ text }) => text);
  }

  publish(subject: string, text: string, replyTo?: string): void {
    this.session.publish(subject, Buffer.from(text), replyTo);
  }

  /** Waits until the broker has handled what this session has sent so far: a message to another one, which it passes on after that. */
  async settle(other: RecordedSession): Promise<void> {
    // Interest may spread late.
    const subject = `settle.${Math.random().toString(36).slice(2)}`;
    const unsubscribe = other.session.subscribe(subject);
    await eventually('a message arrives', () => {
      this.publish(subject, '');
      return other.received.some((message) => message.subject === subject);
    });
    unsubscribe();
    other.received.splice(0, other.received.length, ...other.received.filter((message) => message.subject !== subject));
  }
}
