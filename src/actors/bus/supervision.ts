/**
 * What to do with an actor that threw: `resume` drops the message and keeps the actor and its state, `restart` replaces it
 * by a new one, `stop` ends it, `escalate` fails the whole server, which its host then starts anew.
 */
export type Directive = 'resume' | 'restart' | 'stop' | 'escalate';

/** The kinds of actors that a server supervises. */
export type ActorKind =
  | 'connection'
  | 'store'
  | 'flood'
  | 'bucket'
  | 'subscriptions'
  | 'lookup'
  | 'gateway'
  | 'clock-monitor'
  | 'link'
  | 'acceptor'
  | 'upstream';

/** What happens to one kind of actor. */
interface Policy {
  readonly directive: Directive;
  /** More failures than this within `withinMs` escalate: a fault that comes back at once is not mended by restarts. */
  readonly maxFailures: number;
  readonly withinMs: number;
}

const withinMs = 10_000;

/** The table of supervision. */
export const policies: Readonly<Record<ActorKind, Policy>> = {
  // A client that trips a bug loses its own connection, however often it comes back; nobody else is touched.
  connection: { directive: 'stop', maxFailures: Infinity, withinMs },
  // Its memory is the herd's. It changes it last, when nothing can fail any more, so what it holds is sound after a failure.
  store: { directive: 'resume', maxFailures: 100, withinMs },
  // It holds nothing.
  flood: { directive: 'restart', maxFailures: 100, withinMs },
  // Loads the bucket again, and has the store deal out what it had yet to write.
  bucket: { directive: 'restart', maxFailures: 100, withinMs },
  // Forgets who watches what, and says so to those who do: each loses its connection, and comes back.
  subscriptions: { directive: 'restart', maxFailures: 100, withinMs },
  // Gives up the searches under way, and says so to those who wait for one.
  lookup: { directive: 'restart', maxFailures: 100, withinMs },
  // Its requests are independent: a failure concerns one of them, and a new gateway would lose the others.
  gateway: { directive: 'resume', maxFailures: 100, withinMs },
  // Knows what it has published of the own clock last; a new one would not, and a server that was not ready could stay so.
  'clock-monitor': { directive: 'resume', maxFailures: 100, withinMs },
  // Connects again and catches up.
  link: { directive: 'restart', maxFailures: 10, withinMs },
  // Forgets callers that have not said who they are; they call again.
  acceptor: { directive: 'restart', maxFailures: 10, withinMs },
  // Gives up the requests under way, and tells so whom they were asked by.
  upstream: { directive: 'restart', maxFailures: 100, withinMs },
};

/**
 * What to do about a failure.
 *
 * @param earlierFailuresMs when this actor failed before, on the clock of `nowMs`; what is older than the window does not count
 */
export function directiveFor(kind: ActorKind, earlierFailuresMs: readonly number[], nowMs: number): Directive {
  const policy = policies[kind];
  const recent = earlierFailuresMs.filter((failedAtMs) => nowMs - failedAtMs < policy.withinMs).length + 1;
  return recent > policy.maxFailures ? 'escalate' : policy.directive;
}
