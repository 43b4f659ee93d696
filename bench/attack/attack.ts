import type { Target } from './target.js';

/** What an attack came to, besides what is measured of every attack. */
export interface Finding {
  /** What happened, in a few words and numbers: a cell of the table. */
  readonly seen: string;
  /** What should not have happened; empty if the herd held. */
  readonly failures: readonly string[];
}

/** An attack on a running herd by a stranger: everything it does goes to 127.0.0.1, and ends by itself. */
export interface Attack {
  /** Names it on the command line. */
  readonly name: string;
  /** What is sent, in a few words and numbers: a cell of the table. */
  readonly sent: string;
  /** Settings of herd.yaml besides those of every attack. @param folder where files for them may be put */
  readonly settings?: (
    folder: string,
  ) => Promise<Readonly<Record<string, unknown>>> | Readonly<Record<string, unknown>>;
  /** Whether each server runs in a process of its own: in one process servers have no `peerPort`. */
  readonly processes?: true;
  /** Variables of the environment that the herd is started with. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Whether it fills the stores: what each of them evicts may differ, so they need not hold the same afterwards. */
  readonly evicts?: true;
  /** Fills the herd with what is attacked; not measured. */
  readonly prepare?: (target: Target) => Promise<void>;
  run(target: Target): Promise<Finding>;
}
