import type { CounterTotals } from '../../../runtime/observe/metrics/server-counts.js';

/** How long reports took from their first server to this one, in seconds, as the bound of a bucket; Infinity beyond the last bound. */
export interface PropagationDelay {
  readonly p50: number;
  readonly p99: number;
}

/** The lag of what came between two looks at a histogram; undefined where nothing came. */
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
