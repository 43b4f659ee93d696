import type { ByteString } from '../../protocol/text/bytes.js';
import type { ClientId, ServerId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import type { LookupLine, UnknownLine } from '../../protocol/peer/peer-line.js';
import type { Instant } from '../../protocol/place/time.js';
import type { NearbyQuery } from '../../protocol/upstream/upstream.js';
import { address, type Address } from './bus.js';
import type { ClientChannel } from '../ports/client-channel.js';
import type { BreakerState } from './events.js';
import type { BucketEntry, BucketSession, GetOutcome, PutOutcome } from '../ports/location-bucket.js';
import type { Write } from '../replication/nats/bucket-writes.js';
import type { GroupHashes } from '../store/anti-entropy.js';
import type { PeerChannel } from '../ports/transport.js';
import type { PendingQuery, AttemptResult } from '../upstream/pending-query.js';
import type { PeerChannelAdapter } from '../peer/peer-channel-adapter.js';

/*
 * Everything that actors say to each other: one union a receiver. Who receives what is drawn in docs/architecture.md.
 */

/** A question that its asker gets back with the answer. Should the one asked fail, the asker hears `request-failed`. */
export interface ActorRequest {
  readonly replyTo: Address<ResponseMessage>;
  /** The asker's own number for it. */
  readonly requestId: number;
}

/** A question that costs what clients share: each remote address has its part of it. */
export interface RateLimitedRequest extends ActorRequest {
  /** Where the client is that asks, as from `remoteHostOf`. */
  readonly remoteHost: string;
}

/** What whoever put a question hears. */
export type ResponseMessage =
  | { readonly kind: 'located'; readonly requestId: number; readonly location: Location | undefined }
  /** What is near, as one line of JSON; or what the upstream's form of an error says. */
  | { readonly kind: 'nearby-response'; readonly requestId: number; readonly json: ByteString }
  | { readonly kind: 'request-failed'; readonly requestId: number };

/** A connection wants to be told of a client's changes, or of everybody's. */
export interface Subscribe {
  readonly kind: 'subscribe';
  readonly client: ClientId;
  readonly replyTo: Address<ConnectionMessage>;
  /** The connection's own number for it. */
  readonly requestId: number;
}

/** A connection wants to be told no more, or is gone. */
export interface Unsubscribe {
  readonly kind: 'unsubscribe';
  readonly subscriber: Address<ConnectionMessage>;
  /** Undefined for all that it watches. */
  readonly client: ClientId | undefined;
}

/** Sent by an actor to itself when its machine broke, so that the failure is the actor's own. */
export interface MachineFailed {
  readonly kind: 'machine-failed';
  readonly error: unknown;
}

/** Sent to the server, the root. */
export type ServerMessage =
  | { readonly kind: 'connection-opened'; readonly connection: number; readonly channel: ClientChannel }
  | { readonly kind: 'connection-closed'; readonly connection: number; readonly reason: string }
  | MachineFailed;

/** Sent to the actor of a client's connection. */
export type ConnectionMessage =
  | { readonly kind: 'bytes'; readonly chunk: Buffer; readonly receivedAt: Instant }
  /** The client will send no more. It still reads. */
  | { readonly kind: 'ended'; readonly receivedAt: Instant }
  | { readonly kind: 'drained' }
  /** A command may be taken again: the client had sent them faster than it may. */
  | { readonly kind: 'throttle-released' }
  /** Its turn has come to handle commands: others had theirs. */
  | { readonly kind: 'turn-granted' }
  | { readonly kind: 'closed'; readonly reason: string }
  /** Time to find out whether a client that watches, and can say nothing any more, is still there. */
  | { readonly kind: 'heartbeat-due' }
  /** Sent by a connection to itself, behind the answers that are on their way already: to tell of all of them at once. */
  | { readonly kind: 'flush-lines' }
  /** The server is going down: answer what was asked, take no more. */
  | { readonly kind: 'drain' }
  /** From now on it is told of changes of a client. This is where it is; undefined if nobody knows, or if all are watched. */
  | { readonly kind: 'subscribed'; readonly requestId: number; readonly location: Location | undefined }
  /** It is not: there are too many that watch the same, or it watches too much. */
  | { readonly kind: 'subscription-rejected'; readonly requestId: number }
  /** What it watches is somewhere else now; of one client there may be several locations, each newer. */
  | { readonly kind: 'changed'; readonly locations: readonly Location[] }
  /** Who told it of changes has failed, and does not know any more what it watched. */
  | { readonly kind: 'subscription-lost' }
  | ResponseMessage
  | MachineFailed;

/** Sent to the desk, which asks in the name of those who come over HTTP. */
export type GatewayMessage = ResponseMessage | ListedMessage;

/** A page of what the store holds. */
export interface ListedMessage {
  readonly kind: 'listed';
  readonly requestId: number;
  readonly locations: readonly Location[];
  /** The cursor of the next page, a safe integer; undefined if this was the last one. */
  readonly next: number | undefined;
  /** How many clients are known in all. */
  readonly size: number;
}

/** Where a location came from that was read in the bucket. No server can have this name. */
export const fromBucket = ':bucket' as ServerId;

/** Sent to the location store. */
export type StoreMessage =
  /** What a client reported, in its order. */
  | { readonly kind: 'report'; readonly locations: readonly Location[] }
  /** What a neighbour told, in its order. */
  | {
      readonly kind: 'learned';
      readonly locations: readonly Location[];
      /** The neighbour; `fromBucket` for what was read there. */
      readonly from: ServerId;
    }
  /** Some of what was on disk when the server started. */
  | { readonly kind: 'restored'; readonly locations: readonly Location[] }
  | ({ readonly kind: 'whereis'; readonly client: ClientId } & ActorRequest)
  /** Some of what is held, from a cursor on. */
  | {
      readonly kind: 'list';
      /** 0, or `next` of the page before. */
      readonly from: number;
      /** About as many as are dealt out: a few dozen more where that is simpler. */
      readonly max: number;
      readonly replyTo: Address<ListedMessage>;
      readonly requestId: number;
    }
  /** To be passed on to the watch: it goes through the store so that it has its place among what is learned. */
  | Subscribe
  | Unsubscribe
  /** A neighbour asks where a client is. */
  | { readonly kind: 'lookup-requested'; readonly from: ServerId; readonly lookup: LookupLine }
  /** A link wants to tell its neighbour a digest of what is here. */
  | {
      readonly kind: 'digest-requested';
      readonly neighbour: ServerId;
      /** Whether the link has just come up: what was left over of the last one is then forgotten. */
      readonly isNewLink: boolean;
    }
  /** A neighbour has told a digest of its groups, and wants to know the buckets of those that differ. */
  | {
      readonly kind: 'digest-received';
      readonly neighbour: ServerId;
      readonly groupHashes: string;
      /** The latest time of receipt that the neighbour has evicted; undefined if it had room for everything. */
      readonly horizon: Instant | undefined;
    }
  /** A neighbour has told its buckets of a group that differs; what it lacks is dealt out with the next catch-up. */
  | ({ readonly kind: 'partitions-received'; readonly neighbour: ServerId } & GroupHashes)
  /** Deal out the locations of the buckets that differ, a page at a time. */
  | { readonly kind: 'catch-up'; readonly neighbour: ServerId }
  | { readonly kind: 'next-page'; readonly neighbour: ServerId };

/** Sent to a store that holds only some clients, besides what every store is sent. */
export type TouchedStoreMessage =
  /** What the bucket was asked for; undefined if it has nothing, or did not say. */
  | { readonly kind: 'fetched'; readonly client: ClientId; readonly location: Location | undefined }
  /** Somebody watches a client by name now, or nobody any more. */
  | { readonly kind: 'watched'; readonly client: ClientId }
  | { readonly kind: 'unwatched'; readonly client: ClientId }
  /** The bucket can be asked again; what has changed meanwhile was not told. */
  | { readonly kind: 'bucket-back' };

/** Sent to the watch. */
export type SubscriptionMessage =
  /** With where the client is now; undefined if nobody knows, or if all are to be watched. */
  | (Subscribe & { readonly location: Location | undefined })
  | Unsubscribe
  /** What the store has learned; sent while somebody watches. */
  | { readonly kind: 'learned'; readonly locations: readonly Location[] };

/** Sent to whatever spreads locations: the store has learned them. */
export interface ReplicateMessage {
  readonly kind: 'replicate';
  readonly locations: readonly Location[];
  /** The neighbour that told us, or `fromBucket`; undefined if a client did. What spreads to there tells it nothing back. */
  readonly from: ServerId | undefined;
}

/** Sent to flood. */
export type FloodMessage =
  | ReplicateMessage
  /** Tell one neighbour, which has asked. */
  | { readonly kind: 'send-to'; readonly location: Location; readonly to: ServerId };

/** What the session of a bucket reports, sent to whoever owns it. */
export type BucketMessage =
  | { readonly kind: 'bucket-opened'; readonly session: BucketSession }
  | { readonly kind: 'bucket-warned'; readonly session: BucketSession; readonly reason: string }
  | { readonly kind: 'bucket-changed'; readonly session: BucketSession; readonly entries: readonly BucketEntry[] }
  | { readonly kind: 'bucket-loaded'; readonly session: BucketSession }
  | { readonly kind: 'bucket-closed'; readonly session: BucketSession; readonly reason: string };

/** Why a client is wanted that is not held: somebody waits for an answer, or watches it. */
export type FetchReason = 'question' | 'watch';

/** Sent to the spread over a bucket. */
export type BucketSpreadMessage =
  | ReplicateMessage
  | BucketMessage
  | ListedMessage
  /** The store failed over a page that it was asked for. */
  | Extract<ResponseMessage, { kind: 'request-failed' }>
  /** A client that the store does not hold is wanted: that hears `fetched`. */
  | { readonly kind: 'fetch'; readonly client: ClientId; readonly reason: FetchReason }
  /** It is wanted no more for that reason. */
  | { readonly kind: 'fetch-dropped'; readonly client: ClientId; readonly reason: FetchReason }
  /** It is time to ask again for what the bucket did not say. */
  | { readonly kind: 'fetch-due' }
  /** Clients have their answers: what they reported may be written. */
  | { readonly kind: 'write-due' }
  | {
      readonly kind: 'put-ended';
      readonly session: BucketSession;
      readonly write: Write;
      readonly outcome: PutOutcome;
    }
  | {
      readonly kind: 'get-ended';
      readonly session: BucketSession;
      readonly write: Write;
      readonly outcome: GetOutcome;
    }
  | {
      readonly kind: 'fetch-ended';
      readonly session: BucketSession;
      readonly client: ClientId;
      readonly outcome: GetOutcome;
    }
  | MachineFailed;

/** Sent to what keeps locations on disk: a page of what is held, or that the store failed over it. */
export type DiskMessage = ListedMessage | Extract<ResponseMessage, { kind: 'request-failed' }>;

/** Sent to the seeker. */
export type LookupMessage =
  /** A client of this server asks for one that the store does not know. */
  | ({ readonly kind: 'lookup'; readonly client: ClientId } & RateLimitedRequest)
  /** A neighbour asks for one that the store does not know. */
  | { readonly kind: 'peer-lookup'; readonly from: ServerId; readonly lookup: LookupLine }
  /** A neighbour knows of nobody who knows. */
  | { readonly kind: 'peer-unknown'; readonly from: ServerId; readonly id: string }
  /** Sent by the seeker to itself: a search has had its time. */
  | { readonly kind: 'lookup-timeout'; readonly id: string }
  /** The store has been told of a client that it did not know. */
  | {
      readonly kind: 'client-found';
      readonly location: Location;
      /** Whether flood tells the neighbours: not of what was forgotten for want of room. */
      readonly isFlooded: boolean;
    };

/** Sent to a seeker that has the bucket asked, besides what every seeker is sent. */
export type BucketSeekerMessage =
  /** The bucket has nothing of a client, or did not say. */
  | { readonly kind: 'nowhere'; readonly client: ClientId }
  /** Sent by the seeker to itself: a client was asked for long enough. */
  | { readonly kind: 'fetch-overdue'; readonly client: ClientId };

/** What a wire reports, sent to whoever owns it. */
export type PeerChannelMessage =
  | { readonly kind: 'channel-opened'; readonly channel: PeerChannel }
  | { readonly kind: 'channel-lines'; readonly channel: PeerChannel; readonly lines: readonly ByteString[] }
  | { readonly kind: 'channel-drained'; readonly channel: PeerChannel }
  | { readonly kind: 'channel-closed'; readonly channel: PeerChannel; readonly reason: string };

/** Sent to the link to a neighbour. */
export type LinkMessage =
  | PeerChannelMessage
  /** The neighbour called, and is who it says. */
  | { readonly kind: 'peer-accepted'; readonly channel: PeerChannel }
  /** New locations, and their lines as every neighbour gets them. */
  | { readonly kind: 'forward'; readonly locations: readonly Location[]; readonly lines: readonly ByteString[] }
  /** The digest of what the store holds, and the latest time of receipt that it has evicted, if any. */
  | { readonly kind: 'digest'; readonly groupHashes: string; readonly horizon: Instant | undefined }
  /** The seeker asks or answers the neighbour. */
  | { readonly kind: 'send-line'; readonly line: LookupLine | UnknownLine }
  /** The server takes calls of its neighbours now: one that dials it shall know ([PE29]). */
  | { readonly kind: 'announce' }
  /** The server has been told to stop: the neighbour shall know why the link will be gone. */
  | { readonly kind: 'send-goodbye' }
  /** The buckets of the groups in which a neighbour's digest differs. */
  | { readonly kind: 'digest-compared'; readonly differingGroups: readonly GroupHashes[] }
  /** A page of what the neighbour may lack. */
  | { readonly kind: 'page'; readonly locations: readonly Location[]; readonly isLast: boolean }
  /** Sent by the link to itself: the pause after a page of a catch-up, or after a comparison, is over. */
  | { readonly kind: 'page-due' | 'compare-due' }
  | MachineFailed;

/** Sent to the watch of clocks, by the links. */
export type ClockMonitorMessage =
  /** A heartbeat said how late it is at a connected neighbour. */
  | {
      readonly kind: 'clock-received';
      readonly neighbour: ServerId;
      /** The neighbour's clock minus the server's own, in milliseconds. */
      readonly offsetMs: number;
    }
  /** The neighbour is connected no more. */
  | { readonly kind: 'clock-lost'; readonly neighbour: ServerId };

/** Sent to the acceptor, which takes calls until it is known who calls. */
export type AcceptorMessage =
  | PeerChannelMessage
  | { readonly kind: 'channel-accepted'; readonly channel: PeerChannel; readonly listener: PeerChannelAdapter }
  /** Sent by the acceptor to itself: a caller has had its time to show who it is. */
  | { readonly kind: 'handshake-due'; readonly channel: PeerChannel }
  /** Sent by the acceptor to itself behind the message that gives a wire to its link: the link has it now. */
  | { readonly kind: 'handed-over'; readonly channel: PeerChannel };

/** Sent to the upstream actor; all but the first by itself. */
export type UpstreamMessage =
  | ({ readonly kind: 'nearby'; readonly query: NearbyQuery } & RateLimitedRequest)
  /** A request came to its end. */
  | { readonly kind: 'attempt-ended'; readonly pendingQuery: PendingQuery; readonly outcome: AttemptResult }
  /** The pause before a question's next attempt is over. */
  | { readonly kind: 'retry-due'; readonly pendingQuery: PendingQuery }
  /** A question's time is over. */
  | { readonly kind: 'deadline-exceeded'; readonly pendingQuery: PendingQuery }
  /** The circuit breaker entered a state. */
  | { readonly kind: 'breaker-changed'; readonly state: BreakerState }
  | MachineFailed;

/** Where everybody lives. */
export const addresses = {
  server: address<ServerMessage>('server'),
  store: address<StoreMessage>('store'),
  /** The same place, for what only a store that holds some clients is told. */
  touchedStore: address<TouchedStoreMessage>('store'),
  flood: address<FloodMessage>('flood'),
  subscriptions: address<SubscriptionMessage>('subscriptions'),
  clockMonitor: address<ClockMonitorMessage>('clock-monitor'),
  bucketSpread: address<BucketSpreadMessage>('bucket'),
  /** What keeps locations on disk. */
  disk: address<DiskMessage>('disk'),
  lookup: address<LookupMessage>('lookup'),
  /** The same place, for what only a seeker that has the bucket asked is told. */
  bucketSeeker: address<BucketSeekerMessage>('lookup'),
  upstream: address<UpstreamMessage>('upstream'),
  acceptor: address<AcceptorMessage>('acceptor'),
  gateway: address<GatewayMessage>('gateway'),
  link: (neighbour: ServerId) => address<LinkMessage>(`link/${neighbour}`),
  connection: (connection: number) => address<ConnectionMessage>(`connection/${connection}`),
};
