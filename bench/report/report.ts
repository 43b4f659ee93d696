import { table } from '../../src/cli/shared/table.js';
import type { Measure } from '../benchmarks/measure.js';
import type { Figures } from './figure.js';
import { figureTable } from './figure-table.js';
import type { Verdict } from './targets.js';

/** What one measure came to. */
export function sectionOf({ name, title }: Measure, figures: Figures): string {
  return `${title}\n${figureTable(figures.all.filter((figure) => figure.measure === name))}`;
}

/** What all of it came to: what must be known about it, and what it must show. */
export function conclusionOf(figures: Figures, verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ what, asked, measured, verdict }) => [what, asked, measured, verdict]);
  const notes = figures.notes.map((note) => `note: ${note}\n`).join('');
  return `${notes}${notes && '\n'}What it must show\n${table(['', 'asked', 'measured', ''], rows)}`;
}
