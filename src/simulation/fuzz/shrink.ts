import { formatScenario } from '../scenario/scenario-writer.js';
import { toScenarioContent, type GeneratedScenario } from './generated-scenario.js';
import { shrinkCandidates } from './shrink-candidates.js';

/** Maximum number of candidates that are run. */
const maxAttempts = 400;

/** Result of shrinking. */
export interface ShrinkResult {
  readonly scenario: GeneratedScenario;
  /** Number of candidates that were run. */
  readonly attempts: number;
}

/**
 * Reduces a scenario while it reproduces the failure: tries to remove the largest parts first, keeps what still fails, and
 * starts again (delta debugging: A. Zeller, R. Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", IEEE
 * Transactions on Software Engineering, 2002).
 * @param reproduces whether a scenario fails as the original does
 */
export async function shrink(
  original: GeneratedScenario,
  reproduces: (original: GeneratedScenario) => Promise<boolean>,
): Promise<ShrinkResult> {
  const tried = new Set([scenarioText(original)]);
  let shortest = original;
  let attempts = 0;
  for (;;) {
    let reproducing: GeneratedScenario | undefined;
    for (const candidate of shrinkCandidates(shortest)) {
      const text = scenarioText(candidate);
      if (tried.has(text)) continue;
      if (attempts >= maxAttempts) return { scenario: shortest, attempts };
      tried.add(text);
      attempts += 1;
      if (!(await reproduces(candidate))) continue;
      reproducing = candidate;
      break;
    }
    if (reproducing === undefined) return { scenario: shortest, attempts };
    shortest = reproducing;
  }
}

/** Two scenarios are equal if their files are. */
function scenarioText(scenario: GeneratedScenario): string {
  return formatScenario(toScenarioContent(scenario));
}
