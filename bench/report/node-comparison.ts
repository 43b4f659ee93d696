import { formatTable } from '../../src/cli/shared/output.js';
import { median, roundRatios } from '../support/statistics.js';
import type { Figures } from './figure.js';

/** Metrics that are compared between versions of Node.js. */
const metrics = ['rate', 'CPU, herd'] as const;

/** Name of a system on a version of Node.js. */
export function onNode(system: string, version: string): string {
  return `${system}, Node ${version}`;
}

/** Formats the ratios of each version of Node.js to the first one, round by round, as a table with a row per benchmark and metric. */
export function formatNodeComparison(figures: Figures, versions: readonly string[]): string {
  const [first = '', ...others] = versions;
  const rows = figures.all.flatMap(({ benchmark, subject, metric, values }) => {
    if (!metrics.some((each) => each === metric) || !subject.endsWith(onNode('', first))) return [];
    const system = subject.slice(0, -onNode('', first).length);
    const ratios = others.map((version) => figures.find(benchmark, onNode(system, version), metric)?.values ?? []);
    return [[`${benchmark}, ${metric}`, ...ratios.map((each) => `${median(roundRatios(each, values)).toFixed(2)} x`)]];
  });
  return formatTable([`against Node ${first}`, ...others], rows);
}
