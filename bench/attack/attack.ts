import type { Target } from './target.js';

/** Result of an attack, besides what is measured for every attack. */
export interface Finding {
  /** What was observed, for the `result` column. */
  readonly observation: string;
  /** Violated expectations; empty if the attack passed. */
  readonly failures: readonly string[];
}

/** An attack without credentials on a running herd. It connects only to 127.0.0.1 and ends by itself. */
export interface Attack {
  /** Name on the command line. */
  readonly name: string;
  /** What is sent, for the `sent` column. */
  readonly sent: string;
  /** Extra settings of herd.yaml. @param folder for files that the settings name */
  readonly settings?: (
    folder: string,
  ) => Promise<Readonly<Record<string, unknown>>> | Readonly<Record<string, unknown>>;
  /** Set if each server runs in its own process: servers in one process do not listen on `peerPort`. */
  readonly processes?: true;
  /** Environment variables for the herd. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Set if the attack fills the stores: servers may evict different clients, so they need not agree afterwards. */
  readonly causesEviction?: true;
  /** Prepares the herd before the measurement. */
  readonly prepare?: (target: Target) => Promise<void>;
  run(target: Target): Promise<Finding>;
}
