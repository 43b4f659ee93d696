import type { Generator } from '../load/generator.js';
import type { Figures } from '../report/figure.js';

/** How long and how often is measured. */
export interface Effort {
  readonly kind: 'full' | 'quick';
  readonly rounds: number;
  /** Load before anything is measured, in milliseconds: so long does it take until what runs often is compiled. */
  readonly beforeMs: number;
  /** The same before each turn, for what has lain still while others had theirs. */
  readonly warmUpMs: number;
  readonly measureMs: number;
}

/** What a measure needs. */
export interface Bench {
  readonly generator: Generator;
  readonly effort: Effort;
  readonly figures: Figures;
  /** Tells people how far it is. */
  say(text: string): void;
}

/** When something is measured by whom does not ask for it by its name. */
export type Occasion = 'every run' | 'full run' | 'never';

/** One thing to measure. */
export interface Measure {
  readonly name: string;
  readonly title: string;
  readonly runs: Occasion;
  run(bench: Bench): Promise<void>;
}
