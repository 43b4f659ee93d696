/** Median; the mean of the two middle values if their number is even. @throws Error if there are no values */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new Error('median of no values');
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? NaN;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? NaN) + upper) / 2 : upper;
}

/** Range of the values divided by their median. */
export function relativeSpread(values: readonly number[]): number {
  return (Math.max(...values) - Math.min(...values)) / median(values);
}

/**
 * Ratios of two systems round by round, because a slow round slows both.
 * @throws Error if the numbers of rounds differ
 */
export function roundRatios(numerators: readonly number[], denominators: readonly number[]): number[] {
  if (numerators.length !== denominators.length)
    throw new Error(`cannot compare ${numerators.length} rounds with ${denominators.length}`);
  return numerators.map((value, round) => value / (denominators[round] ?? NaN));
}

/** Quantile by the nearest-rank method. @param fraction 0 to 1 @throws Error if there are no values */
export function quantile(values: readonly number[], fraction: number): number {
  const value = values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(values.length * fraction) - 1)];
  if (value === undefined) throw new Error('quantile of no values');
  return value;
}
