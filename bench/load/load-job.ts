/** Kind of commands that are sent. */
export type Workload = 'iamat' | 'whatsat' | 'geoadd';

/** When commands are sent. */
export type LoadMode =
  /** Closed loop: `depth` commands in flight per connection, a new one for each response. */
  | { readonly kind: 'closed'; readonly depth: number }
  /** Open loop: a fixed rate, independent of responses. */
  | { readonly kind: 'open'; readonly perSecond: number }
  /** A new connection per command, `connections` at a time. */
  | { readonly kind: 'connection-per-command' };

/** One run of load on one server. */
export interface LoadJob {
  readonly port: number;
  readonly workload: Workload;
  readonly mode: LoadMode;
  readonly connections: number;
  /** Number of clients that are reported, each always on the same connection. */
  readonly clients: number;
  /** The measurement starts after this time, and after each client was reported `warmUpRounds` times. */
  readonly warmUpMs: number;
  readonly warmUpRounds: number;
  readonly measureMs: number;
  /** Client ports of the other servers, which must receive every update. */
  readonly followerPorts: readonly number[];
  /** The load pauses while one of them lags more than this. An open loop never pauses. */
  readonly maxLagMs: number;
  /** Processes whose CPU time is measured. */
  readonly pids: readonly number[];
  /** Measures the propagation delay from a response at `reportPort` until the location is found at `queryPort`. */
  readonly probe?: { readonly reportPort: number; readonly queryPort: number; readonly intervalMs: number } | undefined;
  /** Connections at `port` that subscribe to `clientsEach` clients each, no client twice. Requires an open loop. */
  readonly watchers?: { readonly connections: number; readonly clientsEach: number } | undefined;
}

/** Result of a job. Quantiles are in microseconds. */
export interface LoadResult {
  readonly responses: number;
  readonly windowMs: number;
  /**
   * All responses of the run including the warm-up, and the CPU time of each process from the first command until all servers have
   * all updates, because lagging servers do work of one period in another.
   */
  readonly total: { readonly responses: number; readonly cpuMs: readonly number[] };
  /** CPU use of the generator, as a fraction of one core. */
  readonly generatorShare: number;
  /** Number of wrong or missing responses. */
  readonly wrongCount: number;
  /** Maximum lag of the slowest follower. */
  readonly lagMs: number;
  /** Time from the end of the load until every follower had all updates; Infinity if over ten seconds. */
  readonly drainMs: number;
  /** From the time a command was due until its response; only in an open loop. */
  readonly latency: Quantiles | undefined;
  /** From the time a command was due until it was sent; only in an open loop. */
  readonly lateness: Quantiles | undefined;
  /** Propagation delay measured by the probe. */
  readonly propagation: Quantiles | undefined;
  /** From the time a report was due until the subscriber of its client received it; only with `watchers`. */
  readonly delivery: Quantiles | undefined;
}

/** Quantiles of recorded durations, in microseconds. */
export interface Quantiles {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}
