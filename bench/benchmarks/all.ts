import { natsCost } from '../replication/cost.js';
import { natsFailure } from '../replication/failure.js';
import { natsScaling } from '../replication/scaling.js';
import { natsJoin } from '../replication/join.js';
import { growthBenchmarks } from './growth.js';
import { latency } from './latency.js';
import type { RunSettings, Benchmark } from './benchmark.js';
import { memory } from './memory.js';
import { refill } from './refill.js';
import { startUp } from './start-up.js';
import { throughputBenchmarks } from './throughputs.js';
import { watch } from './watch.js';

/** All benchmarks, in the order in which they run. */
export const benchmarks: readonly Benchmark[] = [
  ...throughputBenchmarks,
  latency,
  memory,
  refill,
  watch,
  ...growthBenchmarks,
  startUp,
  natsScaling,
  natsCost,
  natsFailure,
  natsJoin,
];

/**
 * Selects the benchmarks of a run. A name selects the benchmark of that name and those whose name continues with a hyphen; without
 * names, `occasion` decides.
 * @throws Error if a name is unknown
 */
export function selectBenchmarks(names: readonly string[], kind: RunSettings['kind']): Benchmark[] {
  if (names.length === 0)
    return benchmarks.filter(
      ({ occasion }) => occasion === 'every-run' || (occasion === 'full-run' && kind === 'full'),
    );
  const matches = (name: string, benchmark: Benchmark) =>
    benchmark.name === name || benchmark.name.startsWith(`${name}-`);
  const unknown = names.find((name) => !benchmarks.some((benchmark) => matches(name, benchmark)));
  if (unknown !== undefined) throw new Error(`unknown benchmark ${unknown}`);
  return benchmarks.filter((benchmark) => names.some((name) => matches(name, benchmark)));
}
