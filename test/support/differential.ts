import { defaultLineLimits, LineGenerator, type LineLimits } from './line-generator.js';

/** Texts that each comparison generates in `npm test`; `npm run test:differential` sets a larger number. */
const textCount = Number(process.env['HERD_DIFFERENTIAL_TEXTS'] ?? 20_000);
/** Seed of the generated texts; a failure prints it. */
const seed = process.env['HERD_DIFFERENTIAL_SEED'] ?? String(Date.now());

/** Comparisons of ranges generate fewer texts, as each has about as many ranges. */
const rangesPerText = 40;

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
  return compareTexts(textCount, generate, compare, limits);
}

/** Runs a comparison of two implementations for all ranges, empty ones included, of short generated texts. */
export function compareRanges(compare: (text: string, start: number, end: number) => void): void {
  const generate = (generator: LineGenerator) => generator.bytes();
  const compareText = (text: string) => {
    for (let start = 0; start <= text.length; start += 1) {
      for (let end = start; end <= text.length; end += 1) compare(text, start, end);
    }
    return true;
  };
  compareTexts(Math.ceil(textCount / rangesPerText), generate, compareText, defaultLineLimits);
}

function compareTexts(
  count: number,
  generate: (generator: LineGenerator) => string,
  compare: (text: string) => boolean,
  limits: LineLimits,
): { valid: number; invalid: number } {
  const generator = new LineGenerator(seed, limits);
  const counts = { valid: 0, invalid: 0 };
  for (let number = 0; number < count; number += 1) {
    const text = generate(generator);
    try {
      counts[compare(text) ? 'valid' : 'invalid'] += 1;
    } catch (cause) {
      const replay = `HERD_DIFFERENTIAL_SEED=${seed} HERD_DIFFERENTIAL_TEXTS=${textCount}`;
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`text ${number} (${replay}), ${JSON.stringify(text)}: ${message}`, { cause });
    }
  }
  return counts;
}
