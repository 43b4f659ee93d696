import type { Scenario } from '../scenario/scenario.js';
import type { World } from '../environment.js';

/** A scenario has steps that a world cannot do. */
export class WorldRefusal extends Error {
  readonly code = 'HERD_WORLD';

  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
  }
}

/** What of a scenario a world cannot have or do, each with file and line; empty if it can play all of it. */
export function refusalsOf(
  { herd, herdPlace, steps }: Scenario,
  world: Pick<World, 'name' | 'refusal' | 'refusalOfHerd'>,
): string[] {
  const ofHerd = world.refusalOfHerd(herd);
  if (ofHerd !== undefined) return [`${herdPlace}: the world of ${world.name} cannot have this herd: ${ofHerd}`];
  return steps.flatMap(({ action, place, text }) => {
    const refusal = world.refusal(action);
    return refusal === undefined ? [] : [`${place}: the world of ${world.name} cannot do ${text}: ${refusal}`];
  });
}
