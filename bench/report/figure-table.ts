import { table } from '../../src/cli/shared/table.js';
import { median, spread } from '../support/statistics.js';
import type { Figure } from './figure.js';
import { shown } from './number.js';

/** The figures of one measure: a row a contestant, a column a metric. */
export function figureTable(figures: readonly Figure[]): string {
  const subjects = [...new Set(figures.map(({ subject }) => subject))];
  const metrics = [...new Set(figures.map(({ metric }) => metric))];
  const rows = subjects.map((subject) => [
    subject,
    ...metrics.map((metric) => cell(figures.find((each) => each.subject === subject && each.metric === metric))),
  ]);
  return table(['', ...metrics], rows);
}

/** The median, and how far the rounds were apart. */
function cell(figure: Figure | undefined): string {
  if (figure === undefined || figure.values.length === 0) return '-';
  const middle = shown(median(figure.values), figure.unit);
  const apart = spread(figure.values);
  return figure.values.length === 1 || !Number.isFinite(apart) || apart < 0.005
    ? middle
    : `${middle} (±${(apart * 50).toFixed(0)} %)`;
}
