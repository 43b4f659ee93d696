import type { Violation } from '../invariants/invariant.js';
import type { RunMetrics } from './metrics.js';
import type { TraceEntry } from './trace.js';

/** A violation of an invariant or expectation, as it was recorded. */
export interface RecordedViolation extends Violation {
  readonly atMs: number;
  /** The name of the invariant; `expect` for an expectation of the scenario. */
  readonly invariant: string;
}

/**
 * Result of a run. Plain data; equal for equal seed and version in the virtual environment. `results.json` contains all but
 * `trace`.
 */
export interface RunResult {
  readonly name: string;
  readonly file: string;
  readonly seed: number;
  readonly environment: string;
  /** What could not be checked in this environment. */
  readonly unchecked: readonly string[];
  readonly verdict: 'passed' | 'failed';
  readonly violations: readonly RecordedViolation[];
  readonly metrics: RunMetrics;
  readonly simulatedMs: number;
  /** Hash of the trace, in hexadecimal. */
  readonly traceHash: string;
  /** The trace, if it was kept. */
  readonly trace: readonly TraceEntry[];
}
