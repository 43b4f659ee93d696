import { median } from '../support/statistics.js';

/** Unit of a figure. */
export type Unit = 'per second' | 'µs' | 'ms' | 's' | 'MB' | 'bytes' | 'part' | 'count';

/** One metric of one system in one benchmark: one value per round. */
export interface Figure {
  readonly benchmark: string;
  readonly subject: string;
  readonly metric: string;
  readonly unit: Unit;
  readonly values: readonly number[];
}

/** The figures and notes of a run. */
export class Figures {
  readonly all: Figure[] = [];
  /** Remarks needed to judge the figures, such as missing systems. */
  readonly notes: string[] = [];

  add(figure: Figure): void {
    this.all.push(figure);
  }

  note(text: string): void {
    if (!this.notes.includes(text)) this.notes.push(text);
  }

  /** Returns a figure; undefined if it was not measured. */
  find(benchmark: string, subject: string, metric: string): Figure | undefined {
    return this.all.find((each) => each.benchmark === benchmark && each.subject === subject && each.metric === metric);
  }

  /** Returns the median of a figure; undefined if it was not measured. */
  median(benchmark: string, subject: string, metric: string): number | undefined {
    const values = this.find(benchmark, subject, metric)?.values;
    return values === undefined || values.length === 0 ? undefined : median(values);
  }
}
