import type { BucketState, LinkState } from '../actors/bus/events.js';
import type { PutOutcome } from '../actors/ports/location-bucket.js';
import type { ByteString } from '../protocol/text/bytes.js';
import type { ClientId, ServerId } from '../protocol/place/ids.js';
import type { Location } from '../protocol/place/location.js';
import type { Action, FaultAction, ScenarioHerd } from './scenario/scenario.js';

/** An event observed in an environment. */
export type SimulationEvent =
  /** A client sent a command. */
  | { readonly kind: 'command-sent'; readonly client: string; readonly server: ServerId; readonly line: ByteString }
  /** A client received a response; `command` is undefined if no command was pending. */
  | {
      readonly kind: 'response-received';
      readonly client: string;
      readonly server: ServerId;
      readonly command: ByteString | undefined;
      readonly lines: readonly ByteString[];
    }
  /** A client will never receive the response to a command, since its connection broke. */
  | { readonly kind: 'response-lost'; readonly client: string; readonly server: ServerId; readonly command: ByteString }
  /** A server's store holds a new location. `from` is the neighbour that sent it; undefined for a client or the disk. */
  | {
      readonly kind: 'learned';
      readonly server: ServerId;
      readonly location: Location;
      readonly from: ServerId | undefined;
    }
  | { readonly kind: 'evicted'; readonly server: ServerId; readonly location: Location }
  /** A server sent a line to a neighbour; one of the two may be the broker. */
  | { readonly kind: 'line-sent'; readonly server: ServerId; readonly neighbour: ServerId; readonly line: ByteString }
  | {
      readonly kind: 'link';
      readonly server: ServerId;
      readonly neighbour: ServerId;
      readonly state: LinkState;
      readonly reason: string;
    }
  /** A server's clock differs from most of its neighbours' clocks, or agrees again. */
  | { readonly kind: 'clock'; readonly server: ServerId; readonly state: 'agrees' | 'differs' }
  /** A server's connection to the broker changed state. */
  | { readonly kind: 'bucket'; readonly server: ServerId; readonly state: BucketState; readonly reason: string }
  /**
   * The broker accepted a write: into the bucket that the server had opened, or, if the write was delayed, into a later one.
   */
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
  /** The broker returned an outdated entry. */
  | { readonly kind: 'stale-read'; readonly server: ServerId }
  /** Everything stored in the broker was deleted. */
  | { readonly kind: 'wiped' }
  /** A server started, with the locations restored from disk. `started` after `down` is a restart. */
  | { readonly kind: 'started'; readonly server: ServerId; readonly restored: readonly Location[] }
  | { readonly kind: 'down' | 'paused' | 'resumed'; readonly server: ServerId }
  /** A server's output buffer for a neighbour is full. */
  | { readonly kind: 'backpressure'; readonly server: ServerId; readonly neighbour: ServerId }
  /** A server dropped the backlog for a neighbour because it was too large. */
  | { readonly kind: 'backlog-dropped'; readonly server: ServerId }
  /** A server rejected or closed a connection of another server or a client. */
  | {
      readonly kind: 'rejected';
      readonly server: ServerId;
      readonly peerKind: 'server' | 'client';
      readonly reason: string;
    }
  /** A failure in a server that no step of the scenario caused. */
  | { readonly kind: 'failed'; readonly server: ServerId; readonly text: string }
  /** Bytes arrived. The ends are servers and clients. */
  | {
      readonly kind: 'delivered';
      readonly from: string;
      readonly to: string;
      readonly sentMs: number;
      readonly text: ByteString;
    };

/** Receives every event of an environment, in order. */
export type SimulationListener = (event: SimulationEvent) => void;

/** Load of a server at one moment. */
export interface ServerLoad {
  /** Bytes in flight in the connection that has most of them. */
  readonly inFlightBytes: number;
  /** Reads and writes that the broker has not answered yet. */
  readonly pendingBrokerRequests: number;
}

/**
 * Where a scenario runs: servers, the network between them, clients and time. Implementations are the virtual environment and
 * those of real sockets and real processes. The runner decides what happens when; the environment makes it happen.
 */
export interface Environment {
  readonly name: string;
  /**
   * Milliseconds that a location may take longer than in the virtual environment until it is observed, since the machine is
   * shared.
   */
  readonly observationDelayMs: number;
  /** Invariants that cannot be checked here, each with the reason, as shown to users. */
  readonly unchecked: readonly string[];
  /** Milliseconds since the environment was created. */
  nowMs(): number;
  /** Returns why the environment cannot run such a herd; undefined if it can. Called before anything runs. */
  unsupportedHerdReason(herd: ScenarioHerd): string | undefined;
  /** Returns why the environment cannot execute a step; undefined if it can. Called for all steps before anything runs. */
  unsupportedReason(action: Action): string | undefined;
  /** Starts all servers. */
  start(): Promise<void>;
  /** Lets time pass until that moment, in scenario milliseconds. */
  advanceTo(ms: number): Promise<void>;
  /** Injects or repairs a fault. */
  apply(action: FaultAction): Promise<void>;
  /** Sends a client's command, over its connection to that server or over a new one. */
  sendCommand(client: string, server: ServerId, line: ByteString): void;
  /** Formats the current time of day as a client with a clock error of `offByMs` sends it. */
  formatTimeField(offByMs: number): ByteString;
  /** Whether two neighbours, or a server and the broker, run and can reach each other in both directions. */
  canReach(one: ServerId, other: ServerId): boolean;
  /** Reads what a server stores for a client, without a lookup; undefined if nothing, or if the server is not running. */
  readLocation(server: ServerId, client: ClientId): Promise<Location | undefined>;
  /** Reads the digest of a running server's store; undefined if it is not available. */
  readDigest(server: ServerId): Promise<string | undefined>;
  /** Reads the load of a server; undefined if it is not available. */
  readLoad(server: ServerId): ServerLoad | undefined;
  /** Stops everything. */
  stop(): Promise<void>;
}
