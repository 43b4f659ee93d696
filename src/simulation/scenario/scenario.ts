import type { Limits, LinkTimings } from '../../actors/ports/limits.js';
import type { ClientId, ServerId } from '../../protocol/place/ids.js';
import type { Topology } from '../../protocol/place/topology.js';
import type { BrokerState } from '../broker/bucket-engine.js';
import type { NetworkConditions, PathConditions } from '../network/path.js';
import type { UpstreamState } from '../virtual/simulated-http.js';

/** The herd of a scenario. */
export interface ScenarioHerd {
  readonly name: string;
  /** Neighbours of each server; empty for all servers in a herd that replicates through NATS. */
  readonly topology: Topology;
  /** How locations are replicated. */
  readonly replication: 'flood' | 'nats';
  readonly limits: Limits;
  readonly linkTimings: LinkTimings;
  /** The herd.yaml that it comes from; undefined if it is defined in the scenario. */
  readonly file: string | undefined;
}

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
  /** Probability that an acknowledged report is read at once at a neighbour of the server that acknowledged it. */
  readonly checkProbability: number;
}

/** One direction of the link between two servers, or between a server and the broker. */
export interface Edge {
  readonly from: ServerId;
  readonly to: ServerId;
}

/** A change of the broker: its new state, or that its contents are deleted. */
export type BrokerChange = BrokerState | 'wiped';

/** A fault or repair of servers, network, upstream or broker. */
export type FaultAction =
  | { readonly kind: 'crash'; readonly servers: readonly ServerId[]; readonly memory: 'lost' | 'on disk' }
  | { readonly kind: 'restart' | 'pause' | 'resume'; readonly servers: readonly ServerId[] }
  | { readonly kind: 'cut' | 'stall'; readonly edges: readonly Edge[] }
  | { readonly kind: 'slow'; readonly edges: readonly Edge[]; readonly conditions: Partial<PathConditions> }
  | { readonly kind: 'partition'; readonly groups: readonly (readonly ServerId[])[] }
  | { readonly kind: 'heal'; readonly what: 'all' | 'partition' | readonly Edge[] }
  | { readonly kind: 'clock'; readonly server: ServerId; readonly jumpMs: number; readonly drift: number | undefined }
  | { readonly kind: 'upstream'; readonly state: UpstreamState }
  | { readonly kind: 'broker'; readonly change: BrokerChange };

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
