import type { CounterTotals } from '../../../runtime/observe/metrics/server-counts.js';

/**
 * Percentiles of the time from the receipt of a report at its first server to its arrival at this one, in seconds, rounded up to
 * the bound of a histogram bucket; Infinity beyond the last bound.
 */
export interface PropagationDelay {
  readonly p50: number;
  readonly p99: number;
}

/** Computes the delay of what arrived between two samples of a histogram; undefined if nothing arrived. */
export function delayBetween(
  before: CounterTotals['propagationDelay'],
  after: CounterTotals['propagationDelay'],
): PropagationDelay | undefined {
  const counts = after.counts.map((count, bucket) => Math.max(0, count - (before.counts[bucket] ?? 0)));
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  const quantile = (fraction: number) => {
    let cumulativeCount = 0;
    const bucket = counts.findIndex((count) => (cumulativeCount += count) >= total * fraction);
    return after.boundsSeconds[bucket] ?? Infinity;
  };
  return { p50: quantile(0.5), p99: quantile(0.99) };
}
