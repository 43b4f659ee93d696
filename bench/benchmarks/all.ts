import { spreadCost } from '../replication/cost.js';
import { spreadMemory } from '../replication/memory.js';
import { promises } from '../replication/promises.js';
import { growths } from './growth.js';
import { latency } from './latency.js';
import type { Effort, Measure } from './measure.js';
import { memory } from './memory.js';
import { refill } from './refill.js';
import { startUp } from './start-up.js';
import { throughputs } from './throughputs.js';

/** All measures, in the order in which they are made. */
export const measures: readonly Measure[] = [
  ...throughputs,
  latency,
  memory,
  refill,
  ...growths,
  startUp,
  spreadCost,
  spreadMemory,
  promises,
];

/** The measures of a run. A name stands for all whose names begin with it and go on behind a comma. @throws if there is none of a name */
export function chosen(names: readonly string[], kind: Effort['kind']): Measure[] {
  if (names.length === 0)
    return measures.filter(({ runs }) => runs === 'every run' || (runs === 'full run' && kind === 'full'));
  const has = (name: string, measure: Measure) => measure.name === name || measure.name.startsWith(`${name}, `);
  const unknown = names.find((name) => !measures.some((measure) => has(name, measure)));
  if (unknown !== undefined) throw new Error(`There is no measure ${unknown}.`);
  return measures.filter((measure) => names.some((name) => has(name, measure)));
}
