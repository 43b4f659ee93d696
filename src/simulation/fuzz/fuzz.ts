import { paths } from './coverage-goals.js';
import type { FuzzRun } from './run-scenario.js';

/** How a number of random runs is made. */
export interface FuzzOptions {
  /** The seed of the first run; each run after it has the next number. */
  readonly firstSeed: number;
  readonly runsMax: number;
  /** Whether a run more may begin. */
  readonly mayBegin: () => boolean;
  readonly afterFailure: 'stop' | 'go on';
  /** How many runs go on at once. */
  readonly lanes: number;
  /** Plays the run of a seed. */
  readonly play: (seed: number) => Promise<FuzzRun>;
  /** Hears of each run as it ends, in any order. */
  readonly onRun?: (run: FuzzRun) => void;
}

/** What came of them all: the same for the same seeds, however many went on at once. */
export interface FuzzReport {
  readonly runs: number;
  readonly simulatedMs: number;
  /** In the order of their seeds. */
  readonly failures: readonly FuzzRun[];
  /** In how many runs each of `paths` was met. */
  readonly coverage: ReadonlyMap<string, number>;
  /** Those of `paths` that were never met: what they would have shown, nobody knows. */
  readonly vacuous: readonly string[];
}

/** Makes random runs until there were enough, there is no more time, or one has failed. */
export async function fuzz(options: FuzzOptions): Promise<FuzzReport> {
  const { firstSeed, runsMax, afterFailure } = options;
  const endSeed = firstSeed + runsMax;
  const runs: FuzzRun[] = [];
  let nextSeed = firstSeed;
  /** Runs beyond a failure do not count: which of them were made depends on how many went on at once. */
  let lastSeed = Infinity;
  const lane = async (): Promise<void> => {
    while (nextSeed < endSeed && nextSeed <= lastSeed && options.mayBegin()) {
      const seed = nextSeed;
      nextSeed += 1;
      const run = await options.play(seed);
      runs.push(run);
      if (run.verdict === 'violated' && afterFailure === 'stop') lastSeed = Math.min(lastSeed, seed);
      options.onRun?.(run);
    }
  };
  await Promise.all(Array.from({ length: options.lanes }, lane));
  return reportOf(runs.filter(({ seed }) => seed <= lastSeed).sort((a, b) => a.seed - b.seed));
}

function reportOf(runs: readonly FuzzRun[]): FuzzReport {
  const coverage = new Map<string, number>(paths.map((path) => [path, 0]));
  let simulatedMs = 0;
  for (const run of runs) {
    simulatedMs += run.simulatedMs;
    for (const path of Object.keys(run.coverage)) coverage.set(path, (coverage.get(path) ?? 0) + 1);
  }
  return {
    runs: runs.length,
    simulatedMs,
    failures: runs.filter(({ verdict }) => verdict === 'violated'),
    coverage,
    vacuous: [...coverage].filter(([, met]) => met === 0).map(([path]) => path),
  };
}
