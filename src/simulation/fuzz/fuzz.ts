import { coverageGoals } from './coverage-goals.js';
import type { FuzzRun } from './run-scenario.js';

/** Options of a fuzz session. */
export interface FuzzRunOptions {
  /** The seed of the first run; each later run uses the next number. */
  readonly firstSeed: number;
  readonly maxRuns: number;
  /** Whether another run may start. */
  readonly canStartRun: () => boolean;
  readonly stopsOnFailure: boolean;
  /** Number of concurrent runs. */
  readonly concurrency: number;
  /** Executes the run of a seed. */
  readonly runSeed: (seed: number) => Promise<FuzzRun>;
  /** Called when a run ends; runs end in any order. */
  readonly onRun?: (run: FuzzRun) => void;
}

/** Result of a fuzz session. Equal for equal seeds, whatever the concurrency. */
export interface FuzzReport {
  readonly runs: number;
  readonly simulatedMs: number;
  /** Ordered by seed. */
  readonly failures: readonly FuzzRun[];
  /** Number of runs that met each of `coverageGoals`. */
  readonly coverage: ReadonlyMap<string, number>;
  /** Coverage goals that no run met. */
  readonly notCovered: readonly string[];
}

/** Executes random runs until enough have run, time is up, or one has failed. */
export async function fuzz(options: FuzzRunOptions): Promise<FuzzReport> {
  const { firstSeed, maxRuns, stopsOnFailure } = options;
  const endSeed = firstSeed + maxRuns;
  const runs: FuzzRun[] = [];
  let nextSeed = firstSeed;
  /** Runs after the first failure do not count: how many were executed depends on the concurrency. */
  let lastSeed = Infinity;
  const worker = async (): Promise<void> => {
    while (nextSeed < endSeed && nextSeed <= lastSeed && options.canStartRun()) {
      const seed = nextSeed;
      nextSeed += 1;
      const run = await options.runSeed(seed);
      runs.push(run);
      if (run.verdict === 'failed' && stopsOnFailure) lastSeed = Math.min(lastSeed, seed);
      options.onRun?.(run);
    }
  };
  await Promise.all(Array.from({ length: options.concurrency }, worker));
  return summarize(runs.filter(({ seed }) => seed <= lastSeed).sort((a, b) => a.seed - b.seed));
}

function summarize(runs: readonly FuzzRun[]): FuzzReport {
  const coverage = new Map<string, number>(coverageGoals.map((goal) => [goal, 0]));
  let simulatedMs = 0;
  for (const run of runs) {
    simulatedMs += run.simulatedMs;
    for (const goal of Object.keys(run.coverage)) coverage.set(goal, (coverage.get(goal) ?? 0) + 1);
  }
  return {
    runs: runs.length,
    simulatedMs,
    failures: runs.filter(({ verdict }) => verdict === 'failed'),
    coverage,
    notCovered: [...coverage].filter(([, met]) => met === 0).map(([goal]) => goal),
  };
}
