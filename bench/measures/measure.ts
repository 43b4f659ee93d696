import type { Generator } from '../load/generator.js';
import type { Figures } from '../report/figure.js';

/** How long and how often is measured. */
export interface Effort {
  readonly kind: 'full' | 'quick';
  readonly rounds: number;
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

/** One thing to measure. */
export interface Measure {
  readonly name: string;
  readonly title: string;
  /** Whether it is part of a quick run. */
  readonly quick: boolean;
  run(bench: Bench): Promise<void>;
}
