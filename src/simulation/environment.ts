import type { BucketState, LinkState } from '../actors/bus/events.js';
import type { PutOutcome } from '../actors/ports/location-bucket.js';
import type { ByteString } from '../protocol/text/bytes.js';
import type { ClientId, ServerId } from '../protocol/place/ids.js';
import type { Location } from '../protocol/place/location.js';
import type { Action, FaultAction, ScenarioHerd } from './scenario/scenario.js';

/** Something that was seen to happen in a world. */
export type WorldEvent =
  /** A client sent a command. */
  | { readonly kind: 'asked'; readonly client: string; readonly server: ServerId; readonly line: ByteString }
  /** A client got an answer; `command` is undefined if it had asked for none. */
  | {
      readonly kind: 'answered';
      readonly client: string;
      readonly server: ServerId;
      readonly command: ByteString | undefined;
      readonly lines: readonly ByteString[];
    }
  /** A client will never get the answer to a command: its connection broke. */
  | { readonly kind: 'unanswered'; readonly client: string; readonly server: ServerId; readonly command: ByteString }
  /** A server's store holds a location that it did not hold before. */
  | {
      readonly kind: 'learned';
      readonly server: ServerId;
      readonly location: Location;
      readonly from: ServerId | undefined;
    }
  | { readonly kind: 'forgotten'; readonly server: ServerId; readonly location: Location }
  /** A server told a neighbour a line; or one of them is the engine that a herd spreads by. */
  | { readonly kind: 'told'; readonly server: ServerId; readonly neighbour: ServerId; readonly line: ByteString }
  | {
      readonly kind: 'link';
      readonly server: ServerId;
      readonly neighbour: ServerId;
      readonly state: LinkState;
      readonly reason: string;
    }
  /** A server found its own clock to differ from most of its neighbours', or to agree again. */
  | { readonly kind: 'clock'; readonly server: ServerId; readonly state: 'agrees' | 'differs' }
  /** A server's connection to the engine entered a state. */
  | { readonly kind: 'bucket'; readonly server: ServerId; readonly state: BucketState; readonly reason: string }
  /** The engine took what a server wrote: into the bucket that it had opened, or, if it was long on its way, into a later one. */
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
  /** The engine told a server what stood somewhere, and something newer stands there. */
  | { readonly kind: 'stale-read'; readonly server: ServerId }
  /** What the engine had stored is gone. */
  | { readonly kind: 'wiped' }
  /** A server started, with what it remembers; `started` again after `down` is a restart. */
  | { readonly kind: 'started'; readonly server: ServerId; readonly remembered: readonly Location[] }
  | { readonly kind: 'down' | 'paused' | 'resumed'; readonly server: ServerId }
  /** A wire to a neighbour had no room for what there was to tell. */
  | { readonly kind: 'no-room'; readonly server: ServerId; readonly neighbour: ServerId }
  /** What waited for a neighbour was dropped, as there was too much of it. */
  | { readonly kind: 'backlog-dropped'; readonly server: ServerId }
  /** A server let somebody not in, or no longer: another server, or a client. */
  | {
      readonly kind: 'turned-away';
      readonly server: ServerId;
      readonly who: 'server' | 'client';
      readonly reason: string;
    }
  /** Something in a server broke that no step of the scenario broke. */
  | { readonly kind: 'failed'; readonly server: ServerId; readonly text: string }
  /** Bytes arrived. The ends are servers and clients. */
  | {
      readonly kind: 'carried';
      readonly from: string;
      readonly to: string;
      readonly sentMs: number;
      readonly text: ByteString;
    };

/** Hears of everything that happens in a world, in the order in which it happens. */
export type WorldListener = (event: WorldEvent) => void;

/** What a server keeps at a moment. */
export interface ServerLoad {
  /** The bytes under way in the connection that has most of them. */
  readonly underWayBytes: number;
  /** Questions and writes that the engine has not answered yet. */
  readonly underWayAsked: number;
}

/**
 * Where a scenario is played: servers, the network between them, clients, and time. The virtual world is one; worlds of real
 * sockets and of real processes are others. The runner decides what happens when; a world makes it happen.
 */
export interface World {
  readonly name: string;
  /** How much longer than simulated the way of a location may take here, because a machine has other things to do, in milliseconds. */
  readonly slackMs: number;
  /** What cannot be seen here of that which must always hold, as it is told to people: an invariant, and why. */
  readonly unseen: readonly string[];
  /** Milliseconds since the world was made. */
  nowMs(): number;
  /** Why the world cannot have such a herd; undefined if it can. Asked before anything runs. */
  refusalOfHerd(herd: ScenarioHerd): string | undefined;
  /** Why the world cannot do what a step says; undefined if it can. Asked of all steps before anything runs. */
  refusal(action: Action): string | undefined;
  /** Starts all servers. */
  start(): Promise<void>;
  /** Lets everything go on until that moment. */
  passUntil(ms: number): Promise<void>;
  /** Breaks something, or mends it. */
  apply(action: FaultAction): Promise<void>;
  /** Sends a client's command, over the connection that it has with the server, or over a new one. */
  command(client: string, server: ServerId, line: ByteString): void;
  /** The present time of day, as a client with a true clock would write it. */
  timeField(offByMs: number): ByteString;
  /** Whether two neighbours, or a server and the engine, run and the network lets them talk, both ways. */
  reaches(one: ServerId, other: ServerId): boolean;
  /** What the server holds about a client, without asking the herd; undefined if nothing, or if the server is not running. */
  holds(server: ServerId, client: ClientId): Promise<Location | undefined>;
  /** The digest of all that a running server holds; undefined where it cannot be had. */
  digest(server: ServerId): Promise<string | undefined>;
  /** Undefined where it cannot be had, or if the server is not running. */
  load(server: ServerId): ServerLoad | undefined;
  /** Ends everything. */
  stop(): Promise<void>;
}
