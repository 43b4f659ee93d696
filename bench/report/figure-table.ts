import { formatTable } from '../../src/cli/shared/output.js';
import { median, relativeSpread } from '../support/statistics.js';
import type { Figure } from './figure.js';
import { formatNumber } from './number.js';

/** Formats the figures of one benchmark: one row per system, one column per metric. */
export function formatFigureTable(figures: readonly Figure[]): string {
  const subjects = [...new Set(figures.map(({ subject }) => subject))];
  const metrics = [...new Set(figures.map(({ metric }) => metric))];
  const rows = subjects.map((subject) => [
    subject,
    ...metrics.map((metric) => formatCell(figures.find((each) => each.subject === subject && each.metric === metric))),
  ]);
  return formatTable(['', ...metrics], rows);
}

/** Formats the median, with half the relative range of the rounds. */
function formatCell(figure: Figure | undefined): string {
  if (figure === undefined || figure.values.length === 0) return '-';
  const middle = formatNumber(median(figure.values), figure.unit);
  const spread = relativeSpread(figure.values);
  return figure.values.length === 1 || !Number.isFinite(spread) || spread < 0.005
    ? middle
    : `${middle} (±${(spread * 50).toFixed(0)} %)`;
}
