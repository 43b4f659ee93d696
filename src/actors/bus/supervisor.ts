import type { Actor, Address, ActorFailure, ActorRegistry } from './bus.js';
import type { Clock } from '../ports/clock.js';
import type { ActorRequest } from './requests.js';
import { directiveFor, type ActorKind } from './supervision.js';

/** An actor under supervision, and how to make another like it. */
interface Child {
  readonly kind: ActorKind;
  readonly failedAtMs: number[];
  stop(): void;
  restart(): void;
}

/** What a supervisor tells the server it works for. */
export interface SupervisorCallbacks {
  /** An actor was stopped because it failed. */
  onStopped(address: string): void;
  /** The failure is more than this server can mend in place. */
  onEscalated(error: unknown): void;
}

/** How many failures of one actor are remembered: more than any window of the table holds. */
const maxRememberedFailures = 200;

/** Starts and stops the actors of a server, and does with those that throw what the table of supervision says. */
export class Supervisor {
  private readonly children = new Map<string, Child>();

  constructor(
    private readonly registry: ActorRegistry,
    private readonly clock: Clock,
    private readonly callbacks: SupervisorCallbacks,
  ) {
    registry.supervise((failure) => this.handleFailure(failure));
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

  private handleFailure({ address, message, error }: ActorFailure): void {
    const child = this.children.get(address);
    if (child === undefined) return this.callbacks.onEscalated(error);
    const nowMs = this.clock.monotonicMs();
    const directive = directiveFor(child.kind, child.failedAtMs, nowMs);
    child.failedAtMs.push(nowMs);
    if (child.failedAtMs.length > maxRememberedFailures) child.failedAtMs.shift();
    this.registry.publish({ kind: 'actor-failed', address, directive, error });
    if (isRequest(message)) {
      this.registry.send(message.replyTo, { kind: 'request-failed', requestId: message.requestId });
    }
    switch (directive) {
      case 'resume':
        return;
      case 'restart':
        return this.restart(child);
      case 'stop':
        this.stop(address as Address<never>);
        return this.callbacks.onStopped(address);
      case 'escalate':
        return this.callbacks.onEscalated(error);
    }
  }

  private restart(child: Child): void {
    try {
      child.restart();
    } catch (error) {
      // Out of here it would end the process, and with it every server in it.
      this.callbacks.onEscalated(error);
    }
  }
}

function isRequest(message: unknown): message is ActorRequest {
  return typeof message === 'object' && message !== null && 'replyTo' in message && 'requestId' in message;
}
