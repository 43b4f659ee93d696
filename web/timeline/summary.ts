import type { TimelineData } from '../../src/simulation/report/timeline-data.js';
import { formatCount, formatDuration, decodeText, formatMoment, formatBytes } from './format.js';

/** Finds an element of the page. */
export function byId<Kind extends Element>(id: string, kind: new () => Kind): Kind {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`the page has no ${id}`);
  return element;
}

/** Renders the head of the page: scenario, result and metrics. */
export function renderSummary({ result, replayCommand, omitted }: TimelineData): void {
  byId('name', HTMLElement).textContent = result.name;
  const [first] = result.violations;
  const verdict = byId('verdict', HTMLElement);
  verdict.classList.add(result.verdict);
  verdict.textContent =
    first === undefined
      ? '✓ Passed: all invariants and expectations'
      : `✗ Failed at ${formatMoment(first.atMs)}: ${first.invariant}: ${decodeText(first.text)}`;
  const command = document.createElement('code');
  command.textContent = replayCommand;
  byId('origin', HTMLElement).append(
    `${formatMoment(result.simulatedMs, 1)} in environment ${result.environment}, seed ${result.seed}. Reproduce: `,
    command,
  );
  for (const [name, value, detail] of listMetrics(result)) addMetric(name, value, detail);
  const omittedElement = byId('omitted', HTMLElement);
  omittedElement.textContent = formatOmitted(omitted);
  omittedElement.hidden = omittedElement.textContent === '';
}

type Metric = readonly [name: string, figure: string, more: string];

function listMetrics({ metrics, violations }: TimelineData['result']): Metric[] {
  const { updates, timeToStableMs, messages, bytes, recoveries } = metrics;
  const formatOptional = (ms: number | null | undefined) =>
    ms === undefined || ms === null ? '–' : formatDuration(ms);
  const slowest = recoveries.reduce(
    (slowestMs, recovery) => Math.max(slowestMs, recovery.recoveredAfterMs ?? Infinity),
    0,
  );
  const perUpdate = messages.perUpdate as number | null | undefined;
  return [
    [
      'Violations',
      formatCount(violations.length),
      violations.length === 0 ? 'all invariants held' : 'the first one matters most',
    ],
    [
      'Updates stable',
      formatCount(updates.stable),
      `${formatCount(updates.attempted)} attempted, ${formatCount(updates.acknowledged)} acknowledged, ${formatCount(updates.lost)} lost, ${formatCount(updates.stale)} stale`,
    ],
    [
      'Time to stable, median',
      formatOptional(timeToStableMs.p50),
      `p95 ${formatOptional(timeToStableMs.p95)}, p99 ${formatOptional(timeToStableMs.p99)}, max ${formatOptional(timeToStableMs.max)}`,
    ],
    [
      'Messages per update',
      perUpdate === undefined || perUpdate === null ? '–' : perUpdate.toFixed(2),
      `${formatCount(messages.minimum)} at least; ${formatCount(messages.all)} lines in total`,
    ],
    ['Bytes between servers', formatBytes(bytes.peers), `${formatBytes(bytes.clients)} with clients`],
    [
      'Slowest recovery',
      recoveries.length === 0 ? '–' : slowest === Infinity ? 'never' : formatDuration(slowest),
      recoveries.length === 0
        ? 'no repairs'
        : `after ${formatCount(recoveries.length)} ${recoveries.length === 1 ? 'repairing step' : 'repairing steps'}`,
    ],
  ];
}

function addMetric(name: string, value: string, detail: string): void {
  const group = document.createElement('div');
  const term = document.createElement('dt');
  term.textContent = name;
  const figureElement = document.createElement('dd');
  figureElement.className = 'figure';
  figureElement.textContent = value;
  const detailElement = document.createElement('dd');
  detailElement.className = 'more';
  detailElement.textContent = detail;
  group.append(term, figureElement, detailElement);
  byId('metrics', HTMLElement).append(group);
}

function formatOmitted({
  messagesBefore,
  keptFromMs,
  messagesAfter,
  keptToMs,
  texts,
  marks,
}: TimelineData['omitted']): string {
  const missing: string[] = [];
  if (messagesBefore > 0) missing.push(`${formatCount(messagesBefore)} messages before ${formatMoment(keptFromMs)}`);
  if (messagesAfter > 0) missing.push(`${formatCount(messagesAfter)} messages after ${formatMoment(keptToMs)}`);
  if (texts > 0) missing.push(`the texts of ${formatCount(texts)} messages`);
  if (marks > 0) missing.push(`${formatCount(marks)} changes of links`);
  if (missing.length === 0) return '';
  return `The run is too large for one page. Omitted: ${missing.join('; ')}. The metrics include everything.`;
}
