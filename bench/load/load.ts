import type { RecordableHistogram } from 'node:perf_hooks';

/** A report that a server has answered. */
export interface Told {
  readonly client: string;
  readonly time: string;
}

/** Something that sends commands to a server, until it is told to stop. */
export interface Load {
  /** Commands that have been answered. */
  readonly answers: number;
  /** How often each client has had its turn, at least. */
  readonly rounds: number;
  /** Commands that were answered wrongly, or never will be. */
  readonly wrong: number;
  /** Commands that wait for their answer. */
  readonly underWay: number;
  /** From due to answered, and from due to sent, in microseconds; where commands are due at a time. */
  readonly latency?: RecordableHistogram | undefined;
  readonly lateness?: RecordableHistogram | undefined;
  start(): Promise<void>;
  /** Sends nothing more. */
  stop(): void;
  close(): void;
  /** Some of the last reports that were answered: none of them is older than what a server holds then. */
  lastTold(): Told[];
}
