import type { ByteString } from '../../protocol/text/bytes.js';
import type { Lines } from '../../protocol/text/lines.js';
import type { ServerId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import type { LocationBatch } from '../../protocol/place/location-batch.js';
import type { Directive } from './supervision.js';

/** Lines received or sent together. By far the most frequent event. */
export interface LinesEvent {
  readonly kind: 'lines';
  readonly direction: 'in' | 'out';
  readonly party: 'client' | 'peer';
  /** The remote end: an address and port, or a neighbour's ID. */
  readonly remoteAddress: string;
  /** Valid until the bus has delivered the event. */
  readonly lines: Lines;
  /** Whether they are sent for a subscription, not as the response to a command. */
  readonly pushed?: true;
}

/** State of a link; each is a state of the link's machine. */
export type LinkState = 'connecting' | 'catching-up' | 'live' | 'backoff' | 'stopped';

/** A link to a neighbour entered a state. */
export interface LinkEvent {
  readonly kind: 'link';
  readonly neighbour: ServerId;
  readonly state: LinkState;
  /** Why the link entered the state; empty if there is no more to say. */
  readonly reason: string;
  /** Milliseconds until the next attempt in `backoff`, else 0. */
  readonly retryInMs: number;
  /** Whether the neighbour announced its shutdown and has not been reachable since. */
  readonly expected?: true;
}

/** The clock of a neighbour, measured by a heartbeat. */
export interface NeighbourClockEvent {
  readonly kind: 'neighbour-clock';
  readonly neighbour: ServerId;
  /** The neighbour's clock minus the server's own, in milliseconds: the smallest difference of its last few heartbeats. */
  readonly offsetMs: number;
  /** Whether operators are to be warned that the clocks differ by more than a second, or that they no longer do. */
  readonly warning: 'begins' | 'ends' | 'none';
}

/** The server's clock differs from those of most connected neighbours by more than 60 s, or no longer does. */
export interface ClockEvent {
  readonly kind: 'clock';
  readonly state: 'agrees' | 'differs';
  /** Which clocks differ; empty if they agree. */
  readonly reason: string;
}

/** Queued locations were replaced by newer ones because the neighbour reads slowly; `count` is the number of replaced locations. */
export interface ConflatedEvent {
  readonly kind: 'conflated';
  readonly neighbour: ServerId;
  readonly count: number;
}

/** The number of connections with a subscription has changed. */
export interface SubscribersEvent {
  readonly kind: 'subscribers';
  readonly subscribers: number;
}

/** Queued changes were replaced by newer ones because the subscriber reads slowly; `count` is the number of replaced changes. */
export interface SubscriptionConflatedEvent {
  readonly kind: 'subscription-conflated';
  readonly count: number;
}

/** A client connected or disconnected, or its connection was rejected. */
export interface ClientEvent {
  readonly kind: 'client-connected' | 'client-disconnected' | 'client-rejected';
  /** The number of connections that the event stands for; default: 1. */
  readonly count?: number;
  readonly transport: string;
  /** The client's address and port. */
  readonly remoteAddress: string;
  readonly reason: string;
  /** The number of connected clients. */
  readonly clients: number;
}

/** A connection is closed because the output buffers of all clients exceed their limit and this one holds the most. */
export interface ConnectionEvictedEvent {
  readonly kind: 'connection-evicted';
}

/** An HTTP request was received. */
export interface HttpRequestEvent {
  readonly kind: 'http-request';
  /** The client's address and port. */
  readonly remoteAddress: string;
  /** The method and the URL without tokens; for a report, the path and the report as an IAMAT. */
  readonly text: ByteString;
}

/**
 * Outcome of an HTTP request:
 *
 * - `answered`: successful.
 * - `ignored`: a report was not accepted, but the response says success.
 * - `invalid`: a client error other than missing authorization.
 * - `rejected`: not authorized.
 * - `failed`: a server error.
 * - `aborted`: the client closed the connection before the response.
 */
export type HttpRequestOutcome = 'answered' | 'ignored' | 'invalid' | 'rejected' | 'failed' | 'aborted';

/** An HTTP request has ended. */
export interface HttpResponseEvent {
  readonly kind: 'http-response';
  readonly remoteAddress: string;
  /** Method and path. */
  readonly text: ByteString;
  /** The pattern of its route; `none` if no route matches. */
  readonly route: string;
  /** Undefined if there was no response. */
  readonly status: number | undefined;
  readonly outcome: HttpRequestOutcome;
  /** The AT line of a report, or why the request was not successful; else empty. */
  readonly detail: ByteString;
  /** Milliseconds from the request to the end of the response; undefined for an event stream. */
  readonly tookMs: number | undefined;
}

/** The server entered a state. */
export interface ServerStateEvent {
  readonly kind: 'server';
  readonly state: 'running' | 'draining' | 'stopped' | 'failed';
  readonly reason: string;
}

/** The store learned locations that are new to it; one client may have several, each newer than the one before. */
export interface LocationsLearnedEvent {
  readonly kind: 'locations-learned';
  /** Valid during the call of the listener. */
  readonly batch: LocationBatch;
  /** The neighbour that sent them, or `viaNats`; undefined if a client of this server reported them. */
  readonly from: ServerId | undefined;
}

/** The store loaded the locations from disk. Published before any location is learned. */
export interface LocationsRestoredEvent {
  readonly kind: 'locations-restored';
  /** Empty if no disk store is configured. */
  readonly locations: readonly Location[];
}

/** The store removed a location. */
export interface LocationEvictedEvent {
  readonly kind: 'location-evicted';
  readonly location: Location;
  /** `full`: to make room. `moved`: other servers hold its partition now. */
  readonly reason: 'full' | 'moved';
}

/** A message was sent to an address without an actor. */
export interface DeadLetterEvent {
  readonly kind: 'dead-letter';
  readonly address: string;
  readonly messageKind: string;
  /** The number of dead letters since the server started. */
  readonly count: number;
}

/** An actor threw. `directive`: what its supervisor did about it. */
export interface ActorFailedEvent {
  readonly kind: 'actor-failed';
  readonly address: string;
  readonly directive: Directive;
  readonly error: unknown;
}

/** An incoming connection of a peer was rejected. */
export interface PeerRejectedEvent {
  readonly kind: 'peer-rejected';
  readonly remoteAddress: string;
  readonly reason: string;
}

/** A query to the upstream failed. */
export interface UpstreamFailedEvent {
  readonly kind: 'upstream-failed';
  /** Contains no URL, key or body. */
  readonly reason: string;
}

/**
 * Outcome of one HTTP request to the upstream:
 *
 * - `answered`: successful.
 * - `rejected`: the upstream rejected the query, the API key or the URL.
 * - `rate_limited`: the upstream's rate limit is exceeded.
 * - `malformed`: the response has another format: a web page, a truncated object, or too many bytes.
 * - `failed`: no connection, a timeout, or a server error.
 */
export type UpstreamAttemptOutcome = 'answered' | 'rejected' | 'rate_limited' | 'malformed' | 'failed';

/** An HTTP request to the upstream has ended. */
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

/** A request for nearby results has its outcome. */
export interface UpstreamRequestEvent {
  readonly kind: 'upstream-request';
  readonly outcome: UpstreamRequestOutcome;
}

/** State of the circuit breaker between a server and its upstream; each is a state of its machine. */
export type BreakerState = 'closed' | 'open' | 'half-open';

/** The circuit breaker entered a state. It starts `closed`, without an event. */
export interface BreakerEvent {
  readonly kind: 'upstream-breaker';
  readonly state: BreakerState;
  /** Why the breaker entered the state; empty if there is no more to say. */
  readonly reason: string;
  /** Milliseconds until the next probe; 0 unless open. */
  readonly retryInMs: number;
}

/** The budget for the upstream is exhausted. Published at most once per period of the limit. */
export interface BudgetEvent {
  readonly kind: 'upstream-budget';
  readonly limit: 'requestsPerMinute' | 'requestsPerDay' | 'costPerDay';
  /** Milliseconds until the next request is possible; Infinity if one request costs more than the limit. */
  readonly waitMs: number;
}

/** An admin action was requested over this server's HTTP API. */
export interface AdminActionEvent {
  readonly kind: 'admin-action';
  /** For example `crash Blake`; empty if the request was rejected before it was read. */
  readonly action: string;
  /** The client's address and port. */
  readonly remoteAddress: string;
  /** `accepted`: the action begins. If it fails, another event is published. */
  readonly outcome: 'accepted' | 'rejected';
  /** Why it was rejected; empty if it was accepted. */
  readonly reason: string;
}

/** State of a server's connection to NATS. `joining`: connected, and some partitions of its own are incomplete since it connected. */
export type NatsState = 'connecting' | 'joining' | 'live' | 'backoff' | 'stopped';

/** A server's connection to NATS entered a state. */
export interface NatsEvent {
  readonly kind: 'nats';
  readonly state: NatsState;
  /** Why the connection was lost or could not be opened; empty when it is open. */
  readonly reason: string;
  /** Milliseconds until the next attempt in `backoff`, else 0. */
  readonly retryInMs: number;
}

/** The set of live members of the herd on NATS, this server included, has changed. */
export interface MembersEvent {
  readonly kind: 'members';
  readonly members: readonly ServerId[];
}

/**
 * State of a partition at a server:
 *
 * - `none`: not held.
 * - `filling`: to be held; locations may be missing.
 * - `complete`: held completely; the server answers lookups of other servers.
 * - `leaving`: no longer to be held, and kept until enough other servers hold it completely.
 */
export type PartitionState = 'none' | 'filling' | 'complete' | 'leaving';

/** A partition entered a state at this server. All partitions begin as `none`. */
export interface PartitionEvent {
  readonly kind: 'partition';
  readonly partition: number;
  readonly state: PartitionState;
}

/** The numbers of partitions in each state have changed. Published once for all changes of a turn. */
export interface PartitionsEvent {
  readonly kind: 'partitions';
  readonly complete: number;
  readonly filling: number;
  readonly leaving: number;
  /** Partitions of the whole herd, as far as known here, with fewer complete holders than configured, or than members. */
  readonly short: number;
}

/** Locations of a partition were received from another server that holds it: to fill it, or because the two differed. */
export interface PartitionPageEvent {
  readonly kind: 'partition-page';
  readonly partition: number;
  readonly from: ServerId;
  readonly locations: number;
  readonly bytes: number;
}

/** A lookup of a client in a partition that is not complete here has ended. */
export interface RemoteLookupEvent {
  readonly kind: 'remote-lookup';
  /** `timeout`: no server that holds the partition has responded in time. */
  readonly outcome: 'found' | 'unknown' | 'timeout';
  readonly tookMs: number;
}

/** A condition that needs an operator's attention. Published at most once a minute, or once while it lasts. */
export interface WarningEvent {
  readonly kind: 'warning';
  readonly about: 'duplicate-server' | 'descriptors' | 'slow-neighbour' | 'nats';
  readonly reason: string;
}

/** Events of a server, published on its bus for the log, metrics, event streams and the terminal. */
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
  | NatsEvent
  | MembersEvent
  | PartitionEvent
  | PartitionsEvent
  | PartitionPageEvent
  | RemoteLookupEvent
  | WarningEvent;
