import type { LinkState, NatsState, PartitionState } from '../actors/bus/events.js';
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
  /** A server's store holds a new location. `from` is the neighbour that sent it, or `viaNats`; undefined for a client or the disk. */
  | {
      readonly kind: 'learned';
      readonly server: ServerId;
      readonly location: Location;
      readonly from: ServerId | undefined;
    }
  /** `full`: to make room. `moved`: other servers hold its partition now. */
  | {
      readonly kind: 'evicted';
      readonly server: ServerId;
      readonly location: Location;
      readonly reason: 'full' | 'moved';
    }
  /** A server sent a line to a neighbour; one of the two may be a broker node, and the line part of a message. */
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
  | { readonly kind: 'nats'; readonly server: ServerId; readonly state: NatsState; readonly reason: string }
  /** The live members of the herd, as a server sees them, have changed. */
  | { readonly kind: 'members'; readonly server: ServerId; readonly members: readonly ServerId[] }
  /** A partition changed state at a server. */
  | {
      readonly kind: 'partition';
      readonly server: ServerId;
      readonly partition: number;
      readonly state: PartitionState;
    }
  /** A server received locations of a partition from another holder. */
  | {
      readonly kind: 'partition-page';
      readonly server: ServerId;
      readonly partition: number;
      readonly from: ServerId;
      readonly locations: number;
      readonly bytes: number;
    }
  /** A broker node ended or started. */
  | { readonly kind: 'broker'; readonly node: ServerId; readonly state: 'up' | 'down' }
  /** A server started, with the locations restored from disk. `started` after `down` is a restart. */
  | { readonly kind: 'started'; readonly server: ServerId; readonly restored: readonly Location[] }
  | { readonly kind: 'down' | 'paused' | 'resumed'; readonly server: ServerId }
  /** A server has stopped in an orderly way; `down` follows. */
  | { readonly kind: 'left'; readonly server: ServerId }
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
  /** Starts the servers that run from the start (`initialServers`). */
  start(): Promise<void>;
  /** Lets time pass until that moment, in scenario milliseconds. */
  advanceTo(ms: number): Promise<void>;
  /** Injects or repairs a fault. A server that leaves may still be stopping afterwards. */
  apply(action: FaultAction): Promise<void>;
  /** Sends a client's command, over its connection to that server or over a new one. */
  sendCommand(client: string, server: ServerId, line: ByteString): void;
  /** Formats the current time of day as a client with a clock error of `offByMs` sends it. */
  formatTimeField(offByMs: number): ByteString;
  /** Whether the two ends of a link run and can reach each other in both directions. */
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
