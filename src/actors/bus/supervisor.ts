import type { Actor, Address, Failure, Registry } from './bus.js';
import type { Clock } from '../ports/clock.js';
import type { Question } from './messages.js';
import { directiveFor, type ActorKind } from './supervision.js';

/** An actor under supervision, and how to make another like it. */
interface Child {
  readonly kind: ActorKind;
  readonly failedAtMs: number[];
  stop(): void;
  restart(): void;
}

/** What a supervisor tells the server it works for. */
export interface SupervisorReports {
  /** An actor was stopped because it failed. */
  stopped(address: string): void;
  /** The failure is more than this server can mend in place. */
  escalated(error: unknown): void;
}

/** How many failures of one actor are remembered: more than any window of the table holds. */
const failuresRemembered = 200;

/** Starts and stops the actors of a server, and does with those that throw what the table of supervision says. */
export class Supervisor {
  private readonly children = new Map<string, Child>();

  constructor(
    private readonly registry: Registry,
    private readonly clock: Clock,
    private readonly reports: SupervisorReports,
  ) {
    registry.supervise((failure) => this.failed(failure));
  }

  /** Makes an actor and gives it its address. */
  spawn<Message>(kind: ActorKind, at: Address<Message>, create: () => Actor<Message>): void {
    let actor = create();
    this.registry.attach(at, actor);
    this.children.set(at, {
      kind,
      failedAtMs: [],
      stop: () => {
        this.registry.detach(at);
        actor.stop();
      },
      restart: () => {
        actor.stop();
        actor = create();
        this.registry.attach(at, actor);
      },
    });
  }

  /** Ends an actor; what is sent to it from now on is a dead letter. */
  stop(at: Address<never>): void {
    const child = this.children.get(at);
    this.children.delete(at);
    try {
      child?.stop();
    } catch (error) {
      // It is gone all the same, and the others have yet to be stopped.
      this.registry.publish({ kind: 'actor-failed', address: at, directive: 'stop', error });
    }
  }

  /** Ends all, the youngest first. */
  stopAll(): void {
    for (const [at] of [...this.children].reverse()) this.stop(at as Address<never>);
  }

  private failed({ address, message, error }: Failure): void {
    const child = this.children.get(address);
    if (child === undefined) return this.reports.escalated(error);
    const nowMs = this.clock.monotonicMs();
    const directive = directiveFor(child.kind, child.failedAtMs, nowMs);
    child.failedAtMs.push(nowMs);
    if (child.failedAtMs.length > failuresRemembered) child.failedAtMs.shift();
    this.registry.publish({ kind: 'actor-failed', address, directive, error });
    if (isQuestion(message)) {
      this.registry.send(message.replyTo, { kind: 'question-failed', question: message.question });
    }
    switch (directive) {
      case 'resume':
        return;
      case 'restart':
        return this.restart(child);
      case 'stop':
        this.stop(address as Address<never>);
        return this.reports.stopped(address);
      case 'escalate':
        return this.reports.escalated(error);
    }
  }

  private restart(child: Child): void {
    try {
      child.restart();
    } catch (error) {
      // Out of here it would end the process, and with it every server in it.
      this.reports.escalated(error);
    }
  }
}

function isQuestion(message: unknown): message is Question {
  return typeof message === 'object' && message !== null && 'replyTo' in message && 'question' in message;
}
