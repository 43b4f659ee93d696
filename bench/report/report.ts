import { formatTable } from '../../src/cli/shared/output.js';
import type { Benchmark } from '../benchmarks/benchmark.js';
import type { Figures } from './figure.js';
import { formatFigureTable } from './figure-table.js';
import type { Verdict } from './targets.js';

/** Formats the results of one benchmark: its title and a table. */
export function formatSection({ name, title }: Benchmark, figures: Figures): string {
  return `${title}\n${formatFigureTable(figures.all.filter((figure) => figure.benchmark === name))}`;
}

/** Formats the notes of a run and the table of targets. */
export function formatConclusion(figures: Figures, verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ description, ours, other, measured, goal, verdict }) => [
    ...[description, ours, other, measured],
    ...[goal, verdict],
  ]);
  const table =
    rows.length === 0
      ? ''
      : `Targets\n${formatTable(['', 'Herd', 'other', 'measured [least, most]', 'goal', ''], rows)}`;
  const notes = figures.notes.map((note) => `note: ${note}\n`).join('');
  return `${notes}${notes && '\n'}${table}`;
}
