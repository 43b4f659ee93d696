import { defaultLineLimits, LineGenerator, type LineLimits } from './line-generator.js';

/** Texts that each comparison generates in `npm test`; `npm run test:differential` sets a larger number. */
const lineCount = Number(process.env['HERD_DIFFERENTIAL_LINES'] ?? 20_000);
/** Seed of the generated texts; a failure prints it. */
const seed = process.env['HERD_DIFFERENTIAL_SEED'] ?? String(Date.now());

/**
 * Runs a comparison of two implementations for each of many generated texts. If it throws, the error contains the text, and the
 * environment variables that generate it again.
 *
 * @param generate generates the next text
 * @param compare returns whether the text was valid
 * @returns the number of valid and invalid texts
 */
export function compareGenerated(
  generate: (generator: LineGenerator) => string,
  compare: (text: string) => boolean,
  limits: LineLimits = defaultLineLimits,
): { valid: number; invalid: number } {
  const generator = new LineGenerator(seed, limits);
  const counts = { valid: 0, invalid: 0 };
  for (let number = 0; number < lineCount; number += 1) {
    const text = generate(generator);
    try {
      counts[compare(text) ? 'valid' : 'invalid'] += 1;
    } catch (cause) {
      const replay = `HERD_DIFFERENTIAL_SEED=${seed} HERD_DIFFERENTIAL_LINES=${number + 1}`;
      throw new Error(
        `${JSON.stringify(text)} (${replay}): ${cause instanceof Error ? cause.message : String(cause)}`,
        {
          cause,
        },
      );
    }
  }
  return counts;
}
