/**
 * What to do with an actor that threw: `resume` drops the message and keeps the actor and its state, `restart` replaces the actor
 * by a new one, `stop` stops it, `escalate` fails the whole server, which its host then restarts.
 */
export type Directive = 'resume' | 'restart' | 'stop' | 'escalate';

/** Kinds of actors that a server supervises. */
export type ActorKind =
  | 'connection'
  | 'store'
  | 'flood'
  | 'nats'
  | 'subscriptions'
  | 'lookup'
  | 'gateway'
  | 'clock-monitor'
  | 'link'
  | 'acceptor'
  | 'upstream';

/** Supervision of one kind of actor. */
interface Policy {
  readonly directive: Directive;
  /** More failures than this within `withinMs` milliseconds escalate: restarts do not repair a fault that recurs at once. */
  readonly maxFailures: number;
  readonly withinMs: number;
}

const withinMs = 10_000;

/** Supervision policies. */
export const policies: Readonly<Record<ActorKind, Policy>> = {
  // A client that triggers a bug loses its own connection, however often it reconnects; other clients are not affected.
  connection: { directive: 'stop', maxFailures: Infinity, withinMs },
  // Its state must not be lost. It is changed last, when nothing can fail any more, so it is consistent after a failure.
  store: { directive: 'resume', maxFailures: 100, withinMs },
  // It has no state.
  flood: { directive: 'restart', maxFailures: 100, withinMs },
  // What the server holds, and what its clients watch, would not match its new state.
  nats: { directive: 'escalate', maxFailures: 0, withinMs },
  // Loses all subscriptions; their connections are closed, so the clients reconnect and subscribe again.
  subscriptions: { directive: 'restart', maxFailures: 100, withinMs },
  // Responds to pending lookups with request-failed.
  lookup: { directive: 'restart', maxFailures: 100, withinMs },
  // Its requests are independent: a failure concerns one of them, and a new gateway would lose the others.
  gateway: { directive: 'resume', maxFailures: 100, withinMs },
  // Keeps the last published state of the clock: without it, a server could stay not ready.
  'clock-monitor': { directive: 'resume', maxFailures: 100, withinMs },
  // Reconnects and catches up.
  link: { directive: 'restart', maxFailures: 10, withinMs },
  // Closes connections whose handshake is incomplete; the neighbours dial again.
  acceptor: { directive: 'restart', maxFailures: 10, withinMs },
  // Responds to pending queries with an error.
  upstream: { directive: 'restart', maxFailures: 100, withinMs },
};

/**
 * Returns what to do about a failure.
 *
 * @param earlierFailuresMs times of this actor's earlier failures, on the clock of `nowMs`; those outside the window do not count
 */
export function directiveFor(kind: ActorKind, earlierFailuresMs: readonly number[], nowMs: number): Directive {
  const policy = policies[kind];
  const recent = earlierFailuresMs.filter((failedAtMs) => nowMs - failedAtMs < policy.withinMs).length + 1;
  return recent > policy.maxFailures ? 'escalate' : policy.directive;
}
