/** The value in the middle, or between the two in the middle. @throws if there is none */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new Error('there is no median of nothing');
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? NaN;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? NaN) + upper) / 2 : upper;
}

/** How far the least and the most are apart, as a part of the median. */
export function spread(values: readonly number[]): number {
  return (Math.max(...values) - Math.min(...values)) / median(values);
}

/**
 * The median of the ratios of two contestants, round by round: what slows a whole round down slows both.
 * @throws if they did not play the same number of rounds
 */
export function ratio(of: readonly number[], to: readonly number[]): number {
  if (of.length !== to.length) throw new Error('rounds are compared one by one, and there must be as many of both');
  return median(of.map((value, round) => value / (to[round] ?? NaN)));
}

/** The least of the values that so large a part of them does not exceed. @throws if there is none */
export function quantile(values: readonly number[], part: number): number {
  const value = values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(values.length * part) - 1)];
  if (value === undefined) throw new Error('there is no quantile of nothing');
  return value;
}
