import type { Limits, LinkTimings } from '../../actors/ports/limits.js';
import type { ClientId, ServerId } from '../../protocol/place/ids.js';
import type { Topology } from '../../protocol/place/topology.js';
import type { NetworkConditions, PathConditions } from '../network/path.js';
import type { UpstreamState } from '../virtual/simulated-http.js';

/** The herd of a scenario. */
export interface ScenarioHerd {
  readonly name: string;
  /** Neighbours of each server; empty for all servers in a herd that replicates through NATS. */
  readonly topology: Topology;
  readonly replication: ScenarioReplication;
  readonly limits: Limits;
  readonly linkTimings: LinkTimings;
  /** The herd.yaml that it comes from; undefined if it is defined in the scenario. */
  readonly file: string | undefined;
}

/** How a herd replicates locations. */
export type ScenarioReplication =
  | { readonly kind: 'flood' }
  /** `replicas`: servers that hold each partition, Infinity for all. `brokers`: nodes of the simulated broker. */
  | { readonly kind: 'nats'; readonly replicas: number; readonly brokers: number };

/** Workload of the simulated phones. */
export interface ClientWorkload {
  readonly count: number;
  /** Commands per second, of all clients together. */
  readonly commandsPerSecond: number;
  /** Maximum error of a client's clock, in milliseconds; constant for each client during a run. */
  readonly clockSkewMs: number;
  /** Probability that a report is a delayed one that arrives after newer ones. */
  readonly lateProbability: number;
  /** Probability that a command is a WHATSAT query instead of a report. */
  readonly queryProbability: number;
  /** Probability that a client changes its server between two commands. */
  readonly moveProbability: number;
  /**
   * Probability that an acknowledged report is read at once: at a neighbour of the server that acknowledged it, or, on NATS, over
   * the same connection or at another server.
   */
  readonly checkProbability: number;
}

/** One direction of the link between two servers, a server and a broker node, or two of those. */
export interface Edge {
  readonly from: ServerId;
  readonly to: ServerId;
}

/** A fault or repair of servers, network, upstream or broker. */
export type FaultAction =
  | { readonly kind: 'crash'; readonly servers: readonly ServerId[]; readonly memory: 'lost' | 'on disk' }
  | { readonly kind: 'restart' | 'pause' | 'resume'; readonly servers: readonly ServerId[] }
  /** `join`: starts servers, which do not run before if this is their first change. `leave`: stops them in an orderly way. */
  | { readonly kind: 'join' | 'leave'; readonly servers: readonly ServerId[] }
  | { readonly kind: 'cut' | 'stall'; readonly edges: readonly Edge[] }
  | { readonly kind: 'slow'; readonly edges: readonly Edge[]; readonly conditions: Partial<PathConditions> }
  | { readonly kind: 'partition'; readonly groups: readonly (readonly ServerId[])[] }
  | { readonly kind: 'heal'; readonly what: 'all' | 'partition' | readonly Edge[] }
  | { readonly kind: 'clock'; readonly server: ServerId; readonly jumpMs: number; readonly drift: number | undefined }
  | { readonly kind: 'upstream'; readonly state: UpstreamState }
  /** `nodes`: broker nodes that end or start. */
  | { readonly kind: 'broker'; readonly nodes: readonly ServerId[]; readonly state: 'up' | 'down' };

/** Sets a client's clock error for all its later reports. */
export interface PhoneAction {
  readonly kind: 'phone';
  readonly client: ClientId;
  /** Milliseconds; positive: ahead. */
  readonly clockMs: number;
}

/** An action of one client. */
export type ClientAction =
  | { readonly kind: 'report'; readonly server: ServerId; readonly client: ClientId; readonly position: string }
  | {
      readonly kind: 'query';
      readonly server: ServerId;
      readonly client: ClientId;
      readonly radiusKm: number;
      readonly count: number;
    };

/** What must hold at that moment. */
export type Expectation =
  | { readonly kind: 'converged' }
  /** All links of the server to running, reachable neighbours are live. */
  | { readonly kind: 'linked'; readonly server: ServerId }
  | {
      readonly kind: 'position';
      readonly server: ServerId;
      readonly client: ClientId;
      /** Undefined: the server must not know the client. */
      readonly position: string | undefined;
    };

/** Action of one step. */
export type Action =
  FaultAction | PhoneAction | ClientAction | { readonly kind: 'expect'; readonly expectation: Expectation };

/** One step of a scenario. */
export interface Step {
  readonly atMs: number;
  readonly action: Action;
  /** Text in the file, for messages: `crash: Bryant`. */
  readonly text: string;
  /** File and line: `scenario.yaml:12`. */
  readonly sourceLine: string;
}

/** A validated scenario. */
export interface Scenario {
  readonly file: string;
  readonly name: string;
  readonly seed: number;
  readonly herd: ScenarioHerd;
  /** File and line of the herd: `scenario.yaml:3`. */
  readonly herdSourceLine: string;
  readonly network: NetworkConditions;
  readonly clients: ClientWorkload;
  /** Ordered by time. */
  readonly steps: readonly Step[];
  /** Time after the last step in which the herd settles, in milliseconds. */
  readonly settleMs: number;
}
