/** Histogram of plain numbers, so that counting is cheap. */
export class Histogram {
  readonly counts: number[];
  sum = 0;

  /** @param bounds upper bound of each bucket, inclusive, ascending; one more bucket is for larger values */
  constructor(readonly bounds: readonly number[]) {
    this.counts = new Array<number>(bounds.length + 1).fill(0);
  }

  /** Counts a value `times` times. */
  add(value: number, times = 1): void {
    const { bounds, counts } = this;
    let bucket = 0;
    while (bucket < bounds.length && value > (bounds[bucket] ?? Infinity)) bucket += 1;
    counts[bucket] = (counts[bucket] ?? 0) + times;
    this.sum += value * times;
  }
}

/** Bounds in seconds, for durations from a command in memory to an upstream request. */
export const secondsBounds = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const;
