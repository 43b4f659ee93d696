import type { Random } from '../../actors/ports/random.js';

/** Chance, from the JavaScript engine. Good for jitter, not for secrets. */
export const systemRandom: Random = { next: () => Math.random() };
