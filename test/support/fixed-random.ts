import type { Random } from '../../src/actors/ports/random.js';

/** A source of chance that always draws the same number. */
export const fixedRandom: Random = { next: () => 0.4142 };
