import type { LoadGenerator } from '../load/load-generator.js';
import type { Figures } from '../report/figure.js';

/** Duration and number of measurements. */
export interface RunSettings {
  readonly kind: 'full' | 'quick';
  readonly rounds: number;
  /** Load before the first measurement, in milliseconds, until hot code is compiled. */
  readonly initialWarmUpMs: number;
  /** Load before each measurement, in milliseconds, because the system was idle while others were measured. */
  readonly warmUpMs: number;
  readonly measureMs: number;
}

/** Dependencies of a benchmark. */
export interface BenchContext {
  readonly generator: LoadGenerator;
  readonly settings: RunSettings;
  readonly figures: Figures;
  /** Node.js executables by version, to compare Herd on them; empty to compare Herd with the other systems instead. */
  readonly nodes: ReadonlyMap<string, string>;
  /** Prints a line of progress. */
  print(text: string): void;
}

/** When a benchmark runs if it is not named on the command line. */
export type Occasion = 'every-run' | 'full-run' | 'never';

/** A benchmark. */
export interface Benchmark {
  readonly name: string;
  /** Heading of its table. */
  readonly title: string;
  readonly occasion: Occasion;
  /** Whether it can compare versions of Node.js. */
  readonly comparesNodes?: boolean;
  /** Measures, and adds the figures to the context. */
  run(bench: BenchContext): Promise<void>;
}
