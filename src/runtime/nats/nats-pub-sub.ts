import type { PubSub, PubSubHandler } from '../../actors/ports/pub-sub.js';
import { NatsSession } from './nats-session.js';
import type { NatsSettings } from './nats-settings.js';

/** Opens connections to NATS. */
export class NatsPubSub implements PubSub {
  private readonly sessions = new Set<NatsSession>();

  /** @param name name of the connections, for operators of NATS */
  constructor(
    private readonly settings: NatsSettings,
    private readonly name: string,
  ) {}

  open(handler: PubSubHandler): NatsSession {
    const session = new NatsSession(this.settings, this.name, handler);
    this.sessions.add(session);
    void session.ended.then(() => this.sessions.delete(session));
    return session;
  }

  async flushed(): Promise<void> {
    await Promise.all([...this.sessions].filter(({ isClosed }) => isClosed).map(({ ended }) => ended));
  }
}
