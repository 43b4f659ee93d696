/** How often what was measured was at most so much: plain numbers, so that counting costs next to nothing. */
export class Histogram {
  readonly counts: number[];
  sum = 0;

  /** @param bounds the largest value of each bucket, ascending; what is larger goes into one more */
  constructor(readonly bounds: readonly number[]) {
    this.counts = new Array<number>(bounds.length + 1).fill(0);
  }

  /** Counts a value, as often as it occurred. */
  add(value: number, times = 1): void {
    const { bounds, counts } = this;
    let bucket = 0;
    while (bucket < bounds.length && value > (bounds[bucket] ?? Infinity)) bucket += 1;
    counts[bucket] = (counts[bucket] ?? 0) + times;
    this.sum += value * times;
  }
}

/** Seconds, from what a command takes in memory to what an upstream does. */
export const secondsBounds = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const;
