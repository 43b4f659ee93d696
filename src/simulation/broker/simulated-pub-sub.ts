import type { PubSub, PubSubHandler, PubSubSession } from '../../actors/ports/pub-sub.js';
import { SimulatedSession, type SimulatedSessionDependencies } from './simulated-session.js';

/** The broker of a simulated herd, as one process reaches it: each session is with the next node. */
export class SimulatedPubSub implements PubSub {
  private readonly sessions = new Set<SimulatedSession>();

  /** @param nextNode index of the node of the first session */
  constructor(
    private readonly dependencies: SimulatedSessionDependencies,
    private nextNode: number,
  ) {}

  open(handler: PubSubHandler): PubSubSession {
    const { nodes } = this.dependencies.broker;
    const node = nodes[this.nextNode % nodes.length];
    if (node === undefined) throw new Error('a broker needs a node');
    this.nextNode += 1;
    const session = new SimulatedSession(this.dependencies, node, handler);
    this.sessions.add(session);
    void session.flushed.then(() => this.sessions.delete(session));
    return session;
  }

  async flushed(): Promise<void> {
    await Promise.all([...this.sessions].map(({ flushed }) => flushed));
  }

  /** Bytes in flight in the session that has most of them. */
  get maxInFlightBytes(): number {
    return Math.max(0, ...[...this.sessions].map(({ inFlightBytes }) => inFlightBytes));
  }

  /** The process has ended. */
  processEnded(): void {
    for (const session of this.sessions) session.abandon();
  }
}
