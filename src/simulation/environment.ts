import type { BucketState, LinkState } from '../actors/bus/events.js';
import type { PutOutcome } from '../actors/ports/location-bucket.js';
import type { ByteString } from '../protocol/text/bytes.js';
import type { ClientId, ServerId } from '../protocol/place/ids.js';
import type { Location } from '../protocol/place/location.js';
import type { Action, FaultAction, ScenarioHerd } from './scenario/scenario.js';

/** Something that was seen to happen in a world. */
export type SimulationEvent =
  /** A client sent a command. */
  | { readonly kind: 'command-sent'; readonly client: string; readonly server: ServerId; readonly line: ByteString }
  /** A client got an answer; `command` is undefined if it had asked for none. */
  | {
      readonly kind: 'response-received';
      readonly client: string;
      readonly server: ServerId;
      readonly command: ByteString | undefined;
      readonly lines: readonly ByteString[];
    }
  /** A client will never get the answer to a command: its connection broke. */
  | { readonly kind: 'response-lost'; readonly client: string; readonly server: ServerId; readonly command: ByteString }
  /** A server's store holds a location that it did not hold before. */
  | {
      readonly kind: 'learned';
      readonly server: ServerId;
      readonly location: Location;
      readonly from: ServerId | undefined;
    }
  | { readonly kind: 'evicted'; readonly server: ServerId; readonly location: Location }
  /** A server told a neighbour a line; or one of them is the broker that a herd spreads by. */
  | { readonly kind: 'line-sent'; readonly server: ServerId; readonly neighbour: ServerId; readonly line: ByteString }
  | {
      readonly kind: 'link';
      readonly server: ServerId;
      readonly neighbour: ServerId;
      readonly state: LinkState;
      readonly reason: string;
    }
  /** A server found its own clock to differ from most of its neighbours', or to agree again. */
  | { readonly kind: 'clock'; readonly server: ServerId; readonly state: 'agrees' | 'differs' }
  /** A server's connection to the broker entered a state. */
  | { readonly kind: 'bucket'; readonly server: ServerId; readonly state: BucketState; readonly reason: string }
  /** The broker took what a server wrote: into the bucket that it had opened, or, if it was long on its way, into a later one. */
  | {
      readonly kind: 'stored';
      readonly server: ServerId;
      readonly location: Location;
      readonly into: 'its own bucket' | 'a later bucket';
    }
  | {
      readonly kind: 'not-stored';
      readonly server: ServerId;
      readonly outcome: Exclude<PutOutcome['kind'], 'stored'>;
    }
  /** The broker told a server what stood somewhere, and something newer stands there. */
  | { readonly kind: 'stale-read'; readonly server: ServerId }
  /** What the broker had stored is gone. */
  | { readonly kind: 'wiped' }
  /** A server started, with what it remembers; `started` again after `down` is a restart. */
  | { readonly kind: 'started'; readonly server: ServerId; readonly restored: readonly Location[] }
  | { readonly kind: 'down' | 'paused' | 'resumed'; readonly server: ServerId }
  /** A wire to a neighbour had no room for what there was to tell. */
  | { readonly kind: 'backpressure'; readonly server: ServerId; readonly neighbour: ServerId }
  /** What waited for a neighbour was dropped, as there was too much of it. */
  | { readonly kind: 'backlog-dropped'; readonly server: ServerId }
  /** A server let somebody not in, or no longer: another server, or a client. */
  | {
      readonly kind: 'rejected';
      readonly server: ServerId;
      readonly peerKind: 'server' | 'client';
      readonly reason: string;
    }
  /** Something in a server broke that no step of the scenario broke. */
  | { readonly kind: 'failed'; readonly server: ServerId; readonly text: string }
  /** Bytes arrived. The ends are servers and clients. */
  | {
      readonly kind: 'delivered';
      readonly from: string;
      readonly to: string;
      readonly sentMs: number;
      readonly text: ByteString;
    };

/** Hears of everything that happens in a world, in the order in which it happens. */
export type SimulationListener = (event: SimulationEvent) => void;

/** What a server keeps at a moment. */
export interface ServerLoad {
  /** The bytes under way in the connection that has most of them. */
  readonly inFlightBytes: number;
  /** Questions and writes that the broker has not answered yet. */
  readonly pendingBrokerRequests: number;
}

/**
 * Where a scenario is played: servers, the network between them, clients, and time. The virtual world is one; worlds of real
 * sockets and of real processes are others. The runner decides what happens when; a world makes it happen.
 */
export interface Environment {
  readonly name: string;
  /** How much longer than simulated the way of a location may take here, because a machine has other things to do, in milliseconds. */
  readonly observationDelayMs: number;
  /** What cannot be seen here of that which must always hold, as it is told to people: an invariant, and why. */
  readonly unchecked: readonly string[];
  /** Milliseconds since the world was made. */
  nowMs(): number;
  /** Why the world cannot have such a herd; undefined if it can. Asked before anything runs. */
  unsupportedHerdReason(herd: ScenarioHerd): string | undefined;
  /** Why the world cannot do what a step says; undefined if it can. Asked of all steps before anything runs. */
  unsupportedReason(action: Action): string | undefined;
  /** Starts all servers. */
  start(): Promise<void>;
  /** Lets everything go on until that moment. */
  advanceTo(ms: number): Promise<void>;
  /** Breaks something, or mends it. */
  apply(action: FaultAction): Promise<void>;
  /** Sends a client's command, over the connection that it has with the server, or over a new one. */
  sendCommand(client: string, server: ServerId, line: ByteString): void;
  /** The present time of day, as a client with a true clock would write it. */
  formatTimeField(offByMs: number): ByteString;
  /** Whether two neighbours, or a server and the broker, run and the network lets them talk, both ways. */
  canReach(one: ServerId, other: ServerId): boolean;
  /** What the server holds about a client, without asking the herd; undefined if nothing, or if the server is not running. */
  readLocation(server: ServerId, client: ClientId): Promise<Location | undefined>;
  /** The digest of all that a running server holds; undefined where it cannot be had. */
  readDigest(server: ServerId): Promise<string | undefined>;
  /** Undefined where it cannot be had, or if the server is not running. */
  readLoad(server: ServerId): ServerLoad | undefined;
  /** Ends everything. */
  stop(): Promise<void>;
}
