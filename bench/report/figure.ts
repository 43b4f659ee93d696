import { median } from '../support/statistics.js';

/** What a figure is of. The first of each measure is its headline. */
export type Unit = 'a second' | 'µs' | 'ms' | 's' | 'MB' | 'bytes' | 'part' | 'count';

/** One thing measured of one contestant: a value for each round. */
export interface Figure {
  readonly measure: string;
  readonly subject: string;
  readonly metric: string;
  readonly unit: Unit;
  readonly values: readonly number[];
}

/** All that a run has measured. */
export class Figures {
  readonly all: Figure[] = [];
  /** What must be known to judge the figures: what was missing, what was the limit. */
  readonly notes: string[] = [];

  add(figure: Figure): void {
    this.all.push(figure);
  }

  note(text: string): void {
    if (!this.notes.includes(text)) this.notes.push(text);
  }

  /** The values of a figure; undefined if it was not measured. */
  values(measure: string, subject: string, metric: string): readonly number[] | undefined {
    return this.all.find((each) => each.measure === measure && each.subject === subject && each.metric === metric)
      ?.values;
  }

  median(measure: string, subject: string, metric: string): number | undefined {
    const values = this.values(measure, subject, metric);
    return values === undefined || values.length === 0 ? undefined : median(values);
  }
}
