import type { RecordableHistogram } from 'node:perf_hooks';
import type { Quantiles } from './load-job.js';

/** Reads the quantiles of a histogram of microseconds; undefined if it is empty. Node's histograms are HdrHistograms. */
export function readQuantiles(histogram: RecordableHistogram): Quantiles | undefined {
  const { count, max } = histogram;
  if (count === 0) return undefined;
  return { count, p50: histogram.percentile(50), p99: histogram.percentile(99), max };
}
