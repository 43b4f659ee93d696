import { growths } from './growth.js';
import { latency } from './latency.js';
import type { Measure } from './measure.js';
import { memory } from './memory.js';
import { refill } from './refill.js';
import { startUp } from './start-up.js';
import { throughputs } from './throughputs.js';

/** All measures, in the order in which they are made. */
export const measures: readonly Measure[] = [...throughputs, latency, memory, refill, ...growths, startUp];
