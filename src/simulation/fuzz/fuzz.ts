import { coverageGoals } from './coverage-goals.js';
import type { FuzzRun } from './run-scenario.js';

/** How a number of random runs is made. */
export interface FuzzRunOptions {
  /** The seed of the first run; each run after it has the next number. */
  readonly firstSeed: number;
  readonly maxRuns: number;
  /** Whether a run more may begin. */
  readonly canStartRun: () => boolean;
  readonly afterFailure: 'stop' | 'go on';
  /** How many runs go on at once. */
  readonly concurrency: number;
  /** Plays the run of a seed. */
  readonly runSeed: (seed: number) => Promise<FuzzRun>;
  /** Hears of each run as it ends, in any order. */
  readonly onRun?: (run: FuzzRun) => void;
}

/** What came of them all: the same for the same seeds, however many went on at once. */
export interface FuzzReport {
  readonly runs: number;
  readonly simulatedMs: number;
  /** In the order of their seeds. */
  readonly failures: readonly FuzzRun[];
  /** In how many runs each of `coverageGoals` was met. */
  readonly coverage: ReadonlyMap<string, number>;
  /** Those of `coverageGoals` that were never met: what they would have shown, nobody knows. */
  readonly notCovered: readonly string[];
}

/** Makes random runs until there were enough, there is no more time, or one has failed. */
export async function fuzz(options: FuzzRunOptions): Promise<FuzzReport> {
  const { firstSeed, maxRuns, afterFailure } = options;
  const endSeed = firstSeed + maxRuns;
  const runs: FuzzRun[] = [];
  let nextSeed = firstSeed;
  /** Runs beyond a failure do not count: which of them were made depends on how many went on at once. */
  let lastSeed = Infinity;
  const worker = async (): Promise<void> => {
    while (nextSeed < endSeed && nextSeed <= lastSeed && options.canStartRun()) {
      const seed = nextSeed;
      nextSeed += 1;
      const run = await options.runSeed(seed);
      runs.push(run);
      if (run.verdict === 'failed' && afterFailure === 'stop') lastSeed = Math.min(lastSeed, seed);
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
