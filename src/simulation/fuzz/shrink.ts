import { writeScenario } from '../scenario/scenario-writer.js';
import { contentOf, type Draft } from './generated-scenario.js';
import { smallerDrafts } from './shrink-candidates.js';

/** Drafts that are played at most before the shortest so far is good enough. */
const attemptsMax = 400;

/** What shrinking came to. */
export interface Shrunk {
  readonly draft: Draft;
  /** How many drafts were played. */
  readonly attempts: number;
}

/**
 * Makes a draft shorter for as long as it shows the same: tries what is left out of it, the largest parts first, keeps what
 * still shows it, and begins again (delta debugging: A. Zeller, R. Hildebrandt, "Simplifying and Isolating Failure-Inducing
 * Input", IEEE Transactions on Software Engineering, 2002).
 *
 * @param shows whether a draft shows what the first one does
 */
export async function shrink(draft: Draft, shows: (draft: Draft) => Promise<boolean>): Promise<Shrunk> {
  const tried = new Set([textOf(draft)]);
  let shortest = draft;
  let attempts = 0;
  for (;;) {
    let found: Draft | undefined;
    for (const smaller of smallerDrafts(shortest)) {
      const text = textOf(smaller);
      if (tried.has(text)) continue;
      if (attempts >= attemptsMax) return { draft: shortest, attempts };
      tried.add(text);
      attempts += 1;
      if (!(await shows(smaller))) continue;
      found = smaller;
      break;
    }
    if (found === undefined) return { draft: shortest, attempts };
    shortest = found;
  }
}

/** Two drafts are the same if their files are. */
function textOf(draft: Draft): string {
  return writeScenario(contentOf(draft));
}
