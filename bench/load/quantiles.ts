import type { RecordableHistogram } from 'node:perf_hooks';
import type { Quantiles } from './order.js';

/** What a histogram of microseconds says; undefined if nothing was recorded. Node's histograms are HdrHistograms. */
export function quantilesOf(histogram: RecordableHistogram): Quantiles | undefined {
  const { count, max } = histogram;
  if (count === 0) return undefined;
  return { count, p50: histogram.percentile(50), p99: histogram.percentile(99), most: max };
}
