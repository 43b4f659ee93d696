import type { Actor, Address, ActorFailure, ActorRegistry } from './bus.js';
import type { Clock } from '../ports/clock.js';
import type { ActorRequest } from './requests.js';
import { directiveFor, type ActorKind } from './supervision.js';

/** A supervised actor. */
interface Child {
  readonly kind: ActorKind;
  readonly failedAtMs: number[];
  stop(): void;
  restart(): void;
}

/** Callbacks of a supervisor to its server. */
export interface SupervisorCallbacks {
  /** Called after an actor failed and was stopped. */
  onStopped(address: string): void;
  /** Called when a failure cannot be handled within this server. */
  onEscalated(error: unknown): void;
}

/** Failures of one actor that are remembered: more than any policy counts. */
const maxRememberedFailures = 200;

/** Starts and stops the actors of a server, and applies the supervision policies to actors that throw. */
export class Supervisor {
  private readonly children = new Map<string, Child>();

  constructor(
    private readonly registry: ActorRegistry,
    private readonly clock: Clock,
    private readonly callbacks: SupervisorCallbacks,
  ) {
    registry.supervise((failure) => this.handleFailure(failure));
  }

  /** Creates an actor and attaches it to its address. */
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

  /** Stops an actor; later messages to it are dead letters. */
  stop(at: Address<never>): void {
    const child = this.children.get(at);
    this.children.delete(at);
    try {
      child?.stop();
    } catch (error) {
      // It is detached all the same, and the other actors must still be stopped.
      this.registry.publish({ kind: 'actor-failed', address: at, directive: 'stop', error });
    }
  }

  /** Stops all actors, the last started first. */
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
      // Thrown from here, it would end the process and every server in it.
      this.callbacks.onEscalated(error);
    }
  }
}

function isRequest(message: unknown): message is ActorRequest {
  return typeof message === 'object' && message !== null && 'replyTo' in message && 'requestId' in message;
}
