import { writeScenario } from '../scenario/scenario-writer.js';
import { contentOf } from './generated-scenario.js';
import { drawDraft } from './draw.js';
import { playDraft, type MakeWorld } from './run-scenario.js';
import { shrink } from './shrink.js';

/** The shortest scenario found that shows what a seed has shown. */
export interface ShrunkFile {
  /** A file for `herd simulate`. */
  readonly text: string;
  readonly steps: number;
  readonly servers: number;
  readonly attempts: number;
}

/** Shrinks the scenario of a seed for as long as it breaks the same invariant. */
export async function shrunkFile(
  seed: number,
  invariant: string,
  { version, makeWorld }: { readonly version: string; readonly makeWorld: MakeWorld },
): Promise<ShrunkFile> {
  const { draft, attempts } = await shrink(drawDraft(seed), async (smaller) => {
    const { broken } = await playDraft(smaller, makeWorld);
    return broken.some((breach) => breach.invariant === invariant);
  });
  const { broken } = await playDraft(draft, makeWorld);
  const said = broken.find((breach) => breach.invariant === invariant)?.text ?? '';
  const content = contentOf(draft);
  const comment = `Shrunk from seed ${seed} of version ${version}. It broke ${invariant}:\n${said}`;
  return {
    text: writeScenario(content, comment),
    steps: content.steps.length,
    servers: content.herd.topology.size,
    attempts,
  };
}
