import { LineGenerator, type LineLimits } from './line-generator.js';

/** Lines that each comparison of two parsers generates: few in `npm test`, a million in `npm run test:differential`. */
const lineCount = Number(process.env['HERD_DIFFERENTIAL_LINES'] ?? 20_000);
/** Seed of the generated lines, so that a failure can be repeated. */
const seed = process.env['HERD_DIFFERENTIAL_SEED'] ?? String(Date.now());

/**
 * Runs a comparison for each of many generated lines. If it throws, the error names the line, and the seed that generates it again.
 *
 * @param compare returns whether the line was valid
 * @returns the number of valid and invalid lines
 */
export function compareLines(
  limits: LineLimits,
  generate: (generator: LineGenerator) => string,
  compare: (line: string) => boolean,
): { valid: number; invalid: number } {
  const generator = new LineGenerator(seed, limits);
  const counts = { valid: 0, invalid: 0 };
  for (let number = 0; number < lineCount; number += 1) {
    const line = generate(generator);
    try {
      counts[compare(line) ? 'valid' : 'invalid'] += 1;
    } catch (cause) {
      const replay = `HERD_DIFFERENTIAL_SEED=${seed} HERD_DIFFERENTIAL_LINES=${number + 1}`;
      throw new Error(
        `${JSON.stringify(line)} (${replay}): ${cause instanceof Error ? cause.message : String(cause)}`,
        {
          cause,
        },
      );
    }
  }
  return counts;
}
