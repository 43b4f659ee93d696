import type { Violation } from '../invariants/invariant.js';
import type { RunMetrics } from './metrics.js';
import type { TraceEntry } from './trace.js';

/** A violation of an invariant or expectation, as it was recorded. */
export interface RecordedViolation extends Violation {
  readonly atMs: number;
  /** The name of the invariant; `expect` for an expectation of the scenario. */
  readonly invariant: string;
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
  readonly violations: readonly RecordedViolation[];
  readonly metrics: RunMetrics;
  readonly simulatedMs: number;
  /** Of everything on the record, in hexadecimal. */
  readonly traceHash: string;
  /** The record itself, where it was asked for. */
  readonly trace: readonly TraceEntry[];
}
