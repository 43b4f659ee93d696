import { runScenario } from '../run/runner.js';
import type { RunResult } from '../run/result.js';
import { parseScenario } from '../scenario/scenario-loader.js';
import { writeScenario } from '../scenario/scenario-writer.js';
import type { World, WorldListener } from '../environment.js';
import type { Scenario } from '../scenario/scenario.js';
import { contentOf, type Draft } from './generated-scenario.js';
import { Coverage } from './coverage.js';
import { drawDraft } from './draw.js';

/** Makes the world in which a scenario is played. */
export type MakeWorld = (scenario: Scenario, tell: WorldListener) => World;

/** What came of one random run. Plain data: it travels between threads. */
export interface FuzzRun {
  readonly seed: number;
  readonly verdict: RunResult['verdict'];
  /** The invariants that were broken, each once, in the order in which they were seen to be; with what was seen first. */
  readonly broken: readonly { readonly invariant: string; readonly text: string; readonly atMs: number }[];
  readonly simulatedMs: number;
  readonly traceHash: string;
  /** How often what a run may meet was met. */
  readonly coverage: Readonly<Record<string, number>>;
}

/** Draws a scenario and plays it. */
export function playSeed(seed: number, makeWorld: MakeWorld): Promise<FuzzRun> {
  return playDraft(drawDraft(seed), makeWorld);
}

/** Plays what would stand in the file of a draft, so that the file shows the same. */
export async function playDraft(draft: Draft, makeWorld: MakeWorld): Promise<FuzzRun> {
  const scenario = parseScenario(`fuzz-${draft.seed}.yaml`, writeScenario(contentOf(draft)), {});
  const coverage = new Coverage(scenario);
  const { verdict, violations, simulatedMs, traceHash } = await runScenario(scenario, {
    world: (tell) =>
      makeWorld(scenario, (event) => {
        coverage.note(event);
        tell(event);
      }),
  });
  const broken = new Map<string, FuzzRun['broken'][number]>();
  for (const { invariant, text, atMs } of violations) {
    if (!broken.has(invariant)) broken.set(invariant, { invariant, text, atMs });
  }
  return {
    seed: draft.seed,
    verdict,
    broken: [...broken.values()],
    simulatedMs,
    traceHash,
    coverage: coverage.counts,
  };
}
