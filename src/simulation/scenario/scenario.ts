import type { Limits, LinkTimings } from '../../actors/ports/limits.js';
import type { ClientId, ServerId } from '../../protocol/place/ids.js';
import type { Topology } from '../../protocol/place/topology.js';
import type { BrokerState } from '../broker/bucket-engine.js';
import type { NetworkConditions, PathConditions } from '../network/path.js';
import type { UpstreamState } from '../virtual/simulated-http.js';

/** The herd of a scenario. */
export interface ScenarioHerd {
  readonly name: string;
  /** Who talks with whom; in a herd that spreads by NATS, nobody with anybody. */
  readonly topology: Topology;
  /** How locations get from server to server. */
  readonly replication: 'flood' | 'nats';
  readonly limits: Limits;
  readonly linkTimings: LinkTimings;
  /** The herd.yaml that it is taken from; undefined for a herd that stands in the scenario. */
  readonly file: string | undefined;
}

/** What phones do by themselves. */
export interface ClientWorkload {
  readonly count: number;
  /** Reports a second, of all clients together. */
  readonly commandsPerSecond: number;
  /** How far a client's clock is off at most, in milliseconds; each has an error of its own, for the whole run. */
  readonly clockSkewMs: number;
  /** The probability that a report is an old one that was held up, and comes after newer ones. */
  readonly lateProbability: number;
  /** The probability that a command asks what is near some client, instead of reporting. */
  readonly queryProbability: number;
  /** The probability that a client comes into the reach of another server between two of its commands. */
  readonly moveProbability: number;
  /** The probability that an answered report is read at once at a neighbour of the server that answered. */
  readonly checkProbability: number;
}

/** A way between two servers, or a server and the broker, in one direction. */
export interface Edge {
  readonly from: ServerId;
  readonly to: ServerId;
}

/** What happens to the broker: how it fares from now on, or that it loses all that it has stored. */
export type BrokerChange = BrokerState | 'wiped';

/** What happens to servers, network, upstream and broker. */
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

/** A client's clock is off by so much from now on, for all its reports. */
export interface PhoneAction {
  readonly kind: 'phone';
  readonly client: ClientId;
  /** Milliseconds; above zero: ahead. */
  readonly clockMs: number;
}

/** What one client does. */
export type ClientAction =
  | { readonly kind: 'report'; readonly server: ServerId; readonly client: ClientId; readonly position: string }
  | {
      readonly kind: 'query';
      readonly server: ServerId;
      readonly client: ClientId;
      readonly radiusKm: number;
      readonly count: number;
    };

/** What must be so at that moment. */
export type Expectation =
  | { readonly kind: 'converged' }
  /** All links of the server to neighbours that run and reach it are live. */
  | { readonly kind: 'linked'; readonly server: ServerId }
  | {
      readonly kind: 'position';
      readonly server: ServerId;
      readonly client: ClientId;
      /** Undefined: the server does not know the client. */
      readonly position: string | undefined;
    };

/** What one step does. */
export type Action =
  FaultAction | PhoneAction | ClientAction | { readonly kind: 'expect'; readonly expectation: Expectation };

/** One step of a scenario. */
export interface Step {
  readonly atMs: number;
  readonly action: Action;
  /** As it stands in the file, for people: `crash: Bryant`. */
  readonly text: string;
  /** Where it stands: `scenario.yaml:12`. */
  readonly sourceLine: string;
}

/** A scenario, checked. */
export interface Scenario {
  readonly file: string;
  readonly name: string;
  readonly seed: number;
  readonly herd: ScenarioHerd;
  /** Where the herd stands: `scenario.yaml:3`. */
  readonly herdSourceLine: string;
  readonly network: NetworkConditions;
  readonly clients: ClientWorkload;
  /** In the order of their times. */
  readonly steps: readonly Step[];
  /** How long the herd has, after the last step, to come to rest, in milliseconds. */
  readonly settleMs: number;
}
