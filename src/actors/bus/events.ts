import type { ByteString } from '../../protocol/text/bytes.js';
import type { ServerId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import type { Directive } from './supervision.js';

/** Lines that went in or out together. The most frequent event by far. */
export interface LinesEvent {
  readonly kind: 'lines';
  readonly direction: 'in' | 'out';
  readonly party: 'client' | 'peer';
  /** Who is at the far end: an address and port, or a neighbour's name. */
  readonly remoteAddress: string;
  /** Without line ends, and with no LF in them. */
  readonly lines: readonly ByteString[];
  /** They answer no command, but tell a client of what it watches. */
  readonly pushed?: true;
}

/** The states in which a link is shown to people; each is a state of the link's machine. */
export type LinkState = 'connecting' | 'catching-up' | 'live' | 'backoff' | 'stopped';

/** A link to a neighbour entered a state. */
export interface LinkEvent {
  readonly kind: 'link';
  readonly neighbour: ServerId;
  readonly state: LinkState;
  /** Why; empty where the state says it all. */
  readonly reason: string;
  /** Milliseconds until the next attempt; 0 but in backoff. */
  readonly retryInMs: number;
  /** The neighbour was told to stop, and nobody has answered at its place since. */
  readonly expected?: true;
}

/** A neighbour's heartbeat came, and with it its clock. */
export interface NeighbourClockEvent {
  readonly kind: 'neighbour-clock';
  readonly neighbour: ServerId;
  /** Its clock minus the server's own, in milliseconds: the smallest difference of its last few beats. */
  readonly offsetMs: number;
  /** Whether people should hear that they differ by more than a second, or that they do no more. */
  readonly warning: 'begins' | 'ends' | 'none';
}

/** The server's own clock came to differ from most of its connected neighbours' by more than 60 s, or does no more. */
export interface ClockEvent {
  readonly kind: 'clock';
  readonly state: 'agrees' | 'differs';
  /** In words; empty where the clocks agree. */
  readonly reason: string;
}

/** A neighbour does not take what it is sent: of so many clients a location waited that a newer one has replaced. */
export interface ConflatedEvent {
  readonly kind: 'conflated';
  readonly neighbour: ServerId;
  readonly count: number;
}

/** So many connections watch now. */
export interface SubscribersEvent {
  readonly kind: 'subscribers';
  readonly subscribers: number;
}

/** A client does not take what it watches: of so many a location waited that a newer one has replaced. */
export interface SubscriptionConflatedEvent {
  readonly kind: 'subscription-conflated';
  readonly count: number;
}

/** A client came, went, or was turned away. */
export interface ClientEvent {
  readonly kind: 'client-connected' | 'client-disconnected' | 'client-rejected';
  /** How many connections it stands for; left out: one. */
  readonly count?: number;
  readonly transport: string;
  /** The client's address and port. */
  readonly remoteAddress: string;
  readonly reason: string;
  /** How many clients are connected now. */
  readonly clients: number;
}

/** A client is being closed because so much waits for all clients, and so much of it for this one. */
export interface ConnectionEvictedEvent {
  readonly kind: 'connection-evicted';
}

/** Somebody asks something over HTTP. */
export interface HttpRequestEvent {
  readonly kind: 'http-request';
  /** Who: an address and port. */
  readonly remoteAddress: string;
  /** What: a method and an address, without what may be a token; or a path and the report that came there, as an IAMAT. */
  readonly text: ByteString;
}

/**
 * What became of a request over HTTP. Ignored: a report was not taken, and whoever sent it was told that all is well; refused: for
 * want of the right to ask; invalid: for anything else that is the asker's fault; abandoned: nobody waited for the answer.
 */
export type HttpRequestOutcome = 'answered' | 'ignored' | 'invalid' | 'rejected' | 'failed' | 'aborted';

/** A request over HTTP came to its end. */
export interface HttpResponseEvent {
  readonly kind: 'http-response';
  readonly remoteAddress: string;
  /** Method and path. */
  readonly text: ByteString;
  /** The pattern of its route; `none` if it has none. There are no others than those that the server has. */
  readonly route: string;
  /** Undefined where there was no answer. */
  readonly status: number | undefined;
  readonly outcome: HttpRequestOutcome;
  /** Of a report its AT line, of what was not done why; empty where there is no more to say. */
  readonly detail: ByteString;
  /** Milliseconds from the request to the end of the answer; undefined of one that goes on until somebody ends it. */
  readonly tookMs: number | undefined;
}

/** The server's own life. */
export interface ServerStateEvent {
  readonly kind: 'server';
  readonly state: 'running' | 'draining' | 'stopped' | 'failed';
  readonly reason: string;
}

/** The store is about to hold locations that it did not hold before; of one client there may be several, each newer. */
export interface LocationsLearnedEvent {
  readonly kind: 'locations-learned';
  readonly locations: readonly Location[];
  /** The neighbour they came from; undefined if from a client of this server. */
  readonly from: ServerId | undefined;
}

/** The store took in what was known before this start. Nothing was learned earlier. */
export interface LocationsRestoredEvent {
  readonly kind: 'locations-restored';
  /** Empty where nothing is kept on disk. */
  readonly locations: readonly Location[];
}

/** The store was full, and forgot the location of a client that was not heard of for the longest time. */
export interface LocationEvictedEvent {
  readonly kind: 'location-evicted';
  readonly location: Location;
}

/** A store that holds only some clients was asked for another one, and holds now what the bucket had. */
export interface LocationFetchedEvent {
  readonly kind: 'location-fetched';
  readonly location: Location;
}

/** A message to an address where nobody lives. */
export interface DeadLetterEvent {
  readonly kind: 'dead-letter';
  readonly address: string;
  readonly messageKind: string;
  /** How many there have been. */
  readonly count: number;
}

/** An actor threw, and what its supervisor did about it. */
export interface ActorFailedEvent {
  readonly kind: 'actor-failed';
  readonly address: string;
  readonly directive: Directive;
  readonly error: unknown;
}

/** A peer that called was not let in. */
export interface PeerRejectedEvent {
  readonly kind: 'peer-rejected';
  readonly remoteAddress: string;
  readonly reason: string;
}

/** The upstream gave no answer to a question. */
export interface UpstreamFailedEvent {
  readonly kind: 'upstream-failed';
  /** Without address, key or body. */
  readonly reason: string;
}

/**
 * What became of a request to the upstream:
 *
 * - `answered`: there is an answer.
 * - `rejected`: the service did not take the question, the key, or the address.
 * - `rate_limited`: the service is being asked too often.
 * - `malformed`: what came is no answer of such a service: a web page, half an object, too much of it.
 * - `failed`: there was no connection, no answer in time, or a service in trouble.
 */
export type UpstreamAttemptOutcome = 'answered' | 'rejected' | 'rate_limited' | 'malformed' | 'failed';

/** A request to the upstream is over. */
export interface UpstreamAttemptEvent {
  readonly kind: 'upstream-attempt';
  readonly outcome: UpstreamAttemptOutcome;
  readonly tookMs: number;
}

/**
 * Outcome of a request for nearby results:
 *
 * - `answered`: by an attempt of its own, or the last of several.
 * - `cached`: from the response cache.
 * - `coalesced`: an equal request was in flight; it shares that one's response, or error.
 * - `failed`: all attempts failed, or the deadline passed.
 * - `circuit_open`: the circuit breaker was open; no attempt was made.
 * - `over_budget`: the budget was exhausted.
 * - `queue_full`: too many requests were queued.
 */
export type UpstreamRequestOutcome =
  'answered' | 'cached' | 'coalesced' | 'failed' | 'circuit_open' | 'over_budget' | 'queue_full';

/** What becomes of a question for the upstream is known. */
export interface UpstreamRequestEvent {
  readonly kind: 'upstream-request';
  readonly outcome: UpstreamRequestOutcome;
}

/** The states of the circuit breaker between a server and its upstream; each is a state of its machine. */
export type BreakerState = 'closed' | 'open' | 'half-open';

/** The circuit breaker entered a state. It starts `closed`, without an event. */
export interface BreakerEvent {
  readonly kind: 'upstream-breaker';
  readonly state: BreakerState;
  /** Why; empty where the state says it all. */
  readonly reason: string;
  /** Milliseconds until the next probe; 0 unless open. */
  readonly retryInMs: number;
}

/** The budget for the upstream is spent. Said once, and not again before as much time has passed as the limit is for. */
export interface BudgetEvent {
  readonly kind: 'upstream-budget';
  readonly limit: 'requestsPerMinute' | 'requestsPerDay' | 'costPerDay';
  /** Milliseconds until there is something to spend again; Infinity if one request costs more than the limit. */
  readonly waitMs: number;
}

/** Somebody has asked over this server for something to be done to the herd by hand. */
export interface AdminActionEvent {
  readonly kind: 'admin-action';
  /** What, in words: `crash Blake`; empty if it was not heard out. */
  readonly action: string;
  /** Who: an address and port. */
  readonly remoteAddress: string;
  /** Asked: it is about to be done. Should that fail, another event says so. */
  readonly outcome: 'accepted' | 'rejected';
  /** Why it was refused; empty if it was not. */
  readonly reason: string;
}

/** The states in which the bucket is shown to people; live and blocked are one state of its machine. Blocked: it is read, but it, or a shard of it, takes nothing. */
export type BucketState = 'connecting' | 'loading' | 'live' | 'write-blocked' | 'disconnected' | 'stopped';

/** The bucket that a server spreads locations by entered a state. */
export interface BucketEvent {
  readonly kind: 'bucket';
  readonly state: BucketState;
  /** What went wrong last, until it is live again; empty if nothing did. */
  readonly reason: string;
  /** Milliseconds until the next attempt; 0 but while blocked or away. */
  readonly retryInMs: number;
  /** Clients of whom something has yet to be written. */
  readonly pendingWrites: number;
}

/** Something in the bucket is not understood, or does not fit into it, and is left alone. Said once of each kind. */
export interface BucketWarningEvent {
  readonly kind: 'bucket-warning';
  readonly reason: string;
}

/** A condition that needs an operator. Published at most once a minute, or once until it is over. */
export interface WarningEvent {
  readonly kind: 'warning';
  readonly about: 'duplicate-server' | 'descriptors' | 'slow-neighbour';
  readonly reason: string;
}

/** What happens in a server, published on its bus for the log, the terminal and whoever else listens. */
export type HerdEvent =
  | LinesEvent
  | LinkEvent
  | NeighbourClockEvent
  | ClockEvent
  | ConflatedEvent
  | SubscribersEvent
  | SubscriptionConflatedEvent
  | ClientEvent
  | ConnectionEvictedEvent
  | HttpRequestEvent
  | HttpResponseEvent
  | ServerStateEvent
  | LocationsLearnedEvent
  | LocationsRestoredEvent
  | LocationEvictedEvent
  | DeadLetterEvent
  | ActorFailedEvent
  | PeerRejectedEvent
  | UpstreamFailedEvent
  | UpstreamAttemptEvent
  | UpstreamRequestEvent
  | BreakerEvent
  | BudgetEvent
  | AdminActionEvent
  | LocationFetchedEvent
  | BucketEvent
  | BucketWarningEvent
  | WarningEvent;
