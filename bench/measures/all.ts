import type { Measure } from './measure.js';
import { throughputs } from './throughputs.js';

/** All measures, in the order in which they are made. */
export const measures: readonly Measure[] = [...throughputs];
