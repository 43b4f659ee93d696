import type { RecordableHistogram } from 'node:perf_hooks';

/** A report that a server has acknowledged. */
export interface AckedReport {
  readonly client: string;
  readonly time: string;
}

/** Sends commands to a server until it is stopped. */
export interface Load {
  /** Number of responses. */
  readonly responses: number;
  /** Minimum number of times that each client was reported. */
  readonly rounds: number;
  /** Number of wrong responses, and of responses that can no longer arrive. */
  readonly wrongCount: number;
  /** Number of commands in flight. */
  readonly pending: number;
  /** From due to answered, in microseconds; only in an open loop. */
  readonly latency?: RecordableHistogram | undefined;
  /** From due to sent, in microseconds; only in an open loop. */
  readonly lateness?: RecordableHistogram | undefined;
  /** Time at which the report with a stamp was due, on the clock of `performance`; only in an open loop. */
  dueMs?(stamp: number): number;
  start(): Promise<void>;
  /** Stops sending; pending responses may still arrive. */
  stop(): void;
  /** Closes all connections. */
  close(): void;
  /** A sample of the last acknowledged reports, each the newest of its client. */
  lastReports(): AckedReport[];
}
