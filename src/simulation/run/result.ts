import type { RunMetrics } from './metrics.js';
import type { TraceEntry } from './trace.js';

/** Something that should have been so and was not. */
export interface Violation {
  readonly atMs: number;
  /** The invariant's name; `expect` for an expectation of the scenario. */
  readonly invariant: string;
  readonly text: string;
  /** The server at which it was seen; undefined where it is the herd's. */
  readonly server: string | undefined;
}

/** What came of a run. Plain data, the same for the same seed and version; `results.json` is this without `trace`. */
export interface RunResult {
  readonly name: string;
  readonly file: string;
  readonly seed: number;
  readonly environment: string;
  /** What could not be seen in that world of that which must always hold. */
  readonly unchecked: readonly string[];
  readonly verdict: 'passed' | 'failed';
  readonly violations: readonly Violation[];
  readonly metrics: RunMetrics;
  readonly simulatedMs: number;
  /** Of everything on the record, in hexadecimal. */
  readonly traceHash: string;
  /** The record itself, where it was asked for. */
  readonly trace: readonly TraceEntry[];
}
