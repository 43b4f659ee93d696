import { readFileSync, writeFileSync } from 'node:fs';
import type { Measure } from '../benchmarks/measure.js';
import { planOf } from '../replication/plan-page.js';
import { chartOf } from './chart.js';
import type { Figures } from './figure.js';
import { withReport } from './page.js';
import { sectionOf } from './report.js';

// Compiled, this file stands in dist/bench/report.
const docs = new URL('../../../docs/', import.meta.url);

/** Whether a measure is one of those that herds on paper are planned by. */
export function isOfSpreading({ name }: Measure): boolean {
  return name.split(',')[0] === 'spread';
}

/** Writes what was measured into the pages that have a place for it: of spreading into one, of all else into the other. */
export function writePages(
  made: readonly Measure[],
  figures: Figures,
  circumstances: string,
  conclusion: string,
): void {
  const [ofSpreading, others] = [made.filter(isOfSpreading), made.filter((measure) => !isOfSpreading(measure))];
  const sections = (measures: readonly Measure[]) => measures.map((measure) => sectionOf(measure, figures));
  if (others.length > 0) {
    write('performance.md', 'bench', [circumstances, ...sections(others), conclusion].join('\n\n'));
    writeFileSync(new URL('performance.svg', docs), chartOf(figures.all));
  }
  if (ofSpreading.length > 0) {
    const notes = figures.notes.map((note) => `note: ${note}`);
    write('scale.md', 'bench', [circumstances, ...sections(ofSpreading), ...notes].join('\n\n'));
    write('scale.md', 'plan', planOf(figures));
  }
}

function write(page: string, place: string, report: string): void {
  const path = new URL(page, docs);
  writeFileSync(path, withReport(readFileSync(path, 'utf8'), report, place));
}
