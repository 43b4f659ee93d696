import type { TimelineData } from '../../src/simulation/report/timeline-data.js';
import { count, duration, legible, moment, size } from './format.js';

/** Finds an element of the page, which is there. */
export function part<Kind extends Element>(id: string, kind: new () => Kind): Kind {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`the page has no ${id}`);
  return element;
}

/** Tells at the top of the page what was played, what came of it, and what was measured. */
export function summarise({ result, again, leftOut }: TimelineData): void {
  part('name', HTMLElement).textContent = result.name;
  const [first] = result.violations;
  const verdict = part('verdict', HTMLElement);
  verdict.classList.add(result.verdict);
  verdict.textContent =
    first === undefined
      ? '✓ Held: every invariant and expectation'
      : `✗ Violated at ${moment(first.atMs)}: ${first.invariant}: ${legible(first.text)}`;
  const command = document.createElement('code');
  command.textContent = again;
  part('origin', HTMLElement).append(
    `${moment(result.simulatedMs, 1)} in the world ${result.world}, seed ${result.seed}. Again: `,
    command,
  );
  for (const [name, figure, more] of measuresOf(result)) addMeasure(name, figure, more);
  const missing = part('left-out', HTMLElement);
  missing.textContent = textOfLeftOut(leftOut);
  missing.hidden = missing.textContent === '';
}

type Measure = readonly [name: string, figure: string, more: string];

function measuresOf({ measures, violations }: TimelineData['result']): Measure[] {
  const { updates, timeToStableMs, messages, bytes, recoveries } = measures;
  const known = (ms: number | null | undefined) => (ms === undefined || ms === null ? '–' : duration(ms));
  const slowest = recoveries.reduce((most, each) => Math.max(most, each.recoveredAfterMs ?? Infinity), 0);
  const perUpdate = messages.perUpdate as number | null | undefined;
  return [
    [
      'Violations',
      count(violations.length),
      violations.length === 0 ? 'every invariant was watched' : 'the first tells most',
    ],
    [
      'Updates stable',
      count(updates.stable),
      `${count(updates.attempted)} attempted, ${count(updates.acknowledged)} acknowledged, ${count(updates.lost)} lost, ${count(updates.stale)} stale`,
    ],
    [
      'Time to stable, median',
      known(timeToStableMs.p50),
      `p95 ${known(timeToStableMs.p95)}, p99 ${known(timeToStableMs.p99)}, max ${known(timeToStableMs.max)}`,
    ],
    [
      'Messages an update',
      perUpdate === undefined || perUpdate === null ? '–' : perUpdate.toFixed(2),
      `${count(messages.minimum)} at least; ${count(messages.all)} lines in all`,
    ],
    ['Bytes between servers', size(bytes.peers), `${size(bytes.clients)} with clients`],
    [
      'Slowest recovery',
      recoveries.length === 0 ? '–' : slowest === Infinity ? 'never' : duration(slowest),
      recoveries.length === 0
        ? 'nothing was mended'
        : `after ${count(recoveries.length)} ${recoveries.length === 1 ? 'step that mends' : 'steps that mend'}`,
    ],
  ];
}

function addMeasure(name: string, figure: string, more: string): void {
  const group = document.createElement('div');
  const term = document.createElement('dt');
  term.textContent = name;
  const value = document.createElement('dd');
  value.className = 'figure';
  value.textContent = figure;
  const rest = document.createElement('dd');
  rest.className = 'more';
  rest.textContent = more;
  group.append(term, value, rest);
  part('measures', HTMLElement).append(group);
}

function textOfLeftOut({
  messagesBefore,
  keptFromMs,
  messagesAfter,
  keptToMs,
  texts,
  marks,
}: TimelineData['leftOut']): string {
  const missing: string[] = [];
  if (messagesBefore > 0) missing.push(`${count(messagesBefore)} messages before ${moment(keptFromMs)}`);
  if (messagesAfter > 0) missing.push(`${count(messagesAfter)} messages after ${moment(keptToMs)}`);
  if (texts > 0) missing.push(`the texts of ${count(texts)} messages`);
  if (marks > 0) missing.push(`${count(marks)} changes of links`);
  if (missing.length === 0) return '';
  return `More happened than a page can hold. Left out: ${missing.join('; ')}. The measures count everything.`;
}
