import type { Totals } from '../../../runtime/observe/metrics/server-counts.js';

/** How long reports took from their first server to this one, in seconds, as the bound of a bucket; Infinity beyond the last bound. */
export interface Lag {
  readonly p50: number;
  readonly p99: number;
}

/** The lag of what came between two looks at a histogram; undefined where nothing came. */
export function lagBetween(before: Totals['spread'], after: Totals['spread']): Lag | undefined {
  const counts = after.counts.map((count, bucket) => Math.max(0, count - (before.counts[bucket] ?? 0)));
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  const quantile = (part: number) => {
    let seen = 0;
    const bucket = counts.findIndex((count) => (seen += count) >= total * part);
    return after.boundsSeconds[bucket] ?? Infinity;
  };
  return { p50: quantile(0.5), p99: quantile(0.99) };
}
