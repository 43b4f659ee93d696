/** What the load says: a kind of command. */
export type Workload = 'iamat' | 'whatsat' | 'mixed' | 'geoadd';

/** When the load says it. */
export type Pace =
  /** As many commands as that under way on each connection, a new one for each answer. */
  | { readonly kind: 'closed'; readonly depth: number }
  /** So many a second, come what may. */
  | { readonly kind: 'open'; readonly perSecond: number }
  /** A connection for each command, so many at once. */
  | { readonly kind: 'connection each' };

/** One turn of load on one server. */
export interface LoadOrder {
  readonly port: number;
  readonly workload: Workload;
  readonly pace: Pace;
  readonly connections: number;
  /** Clients that the load reports, each always on the same connection. */
  readonly clients: number;
  /** Nothing is measured before that time, nor before each client had its turn that often. */
  readonly warmUpMs: number;
  readonly warmUpRounds: number;
  readonly measureMs: number;
  /** Ports of the servers that must come to know every update. */
  readonly watched: readonly number[];
  /** The load is held back while one of them is further behind. An open pace is never held back. */
  readonly behindAllowedMs: number;
  /** Processes whose time is taken. */
  readonly pids: readonly number[];
  /** Takes the time from an answer at one port until another one knows. */
  readonly probe?: { readonly tell: number; readonly ask: number; readonly everyMs: number } | undefined;
}

/** What an order came to. Latencies are in microseconds. */
export interface LoadResult {
  readonly answers: number;
  readonly windowMs: number;
  /**
   * All answers of the turn, warm-up included, and the processor time of each process of the order from the first command until
   * all was known: servers that are behind work off what was answered before the window, or after it.
   */
  readonly whole: { readonly answers: number; readonly cpuMs: readonly number[] };
  /** The part of one core that the generator itself used. */
  readonly ownShare: number;
  /** Answers that were not what they should be. */
  readonly wrong: number;
  /** How far the slowest watched server was behind at most. */
  readonly behindMs: number;
  /** How long after the load's end until every watched server knew everything; infinite if it did not within ten seconds. */
  readonly drainMs: number;
  /** From the time that a command was due until its answer, with an open pace. */
  readonly latency: Quantiles | undefined;
  /** How late commands were sent, with an open pace. */
  readonly lateness: Quantiles | undefined;
  /** From the answer at one server until another one knows. */
  readonly spread: Quantiles | undefined;
}

export interface Quantiles {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
}
