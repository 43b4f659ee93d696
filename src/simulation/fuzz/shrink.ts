import { formatScenario } from '../scenario/scenario-writer.js';
import { toScenarioContent, type GeneratedScenario } from './generated-scenario.js';
import { shrinkCandidates } from './shrink-candidates.js';

/** Drafts that are played at most before the shortest so far is good enough. */
const maxAttempts = 400;

/** What shrinking came to. */
export interface ShrinkResult {
  readonly scenario: GeneratedScenario;
  /** How many drafts were played. */
  readonly attempts: number;
}

/**
 * Makes a draft shorter for as long as it shows the same: tries what is left out of it, the largest parts first, keeps what
 * still shows it, and begins again (delta debugging: A. Zeller, R. Hildebrandt, "Simplifying and Isolating Failure-Inducing
 * Input", IEEE Transactions on Software Engineering, 2002).
 *
 * @param reproduces whether a draft shows what the first one does
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

/** Two drafts are the same if their files are. */
function scenarioText(draft: GeneratedScenario): string {
  return formatScenario(toScenarioContent(draft));
}
