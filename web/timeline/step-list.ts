import type { TimelineData } from '../../src/simulation/report/timeline-data.js';
import { formatDuration, decodeText, formatMoment } from './format.js';

/** One entry of the list. */
interface StepListItem {
  readonly atMs: number;
  readonly text: string;
  readonly detail: string;
  readonly kind: 'step' | 'violation';
}

/** Renders the run as a list ordered by time; each entry links to its moment on the timeline. */
export function renderStepList({ steps, result }: TimelineData, list: HTMLElement, goTo: (atMs: number) => void): void {
  const { recoveries } = result.metrics;
  const items: StepListItem[] = [
    ...steps.map(({ atMs, text, sourceLine, remarks }): StepListItem => {
      const recovery = recoveries.find((recoveryEntry) => recoveryEntry.atMs === atMs && recoveryEntry.step === text);
      const recoveredAfterMs = recovery?.recoveredAfterMs as number | null | undefined;
      const recoveryText =
        recovery === undefined
          ? ''
          : recoveredAfterMs === undefined || recoveredAfterMs === null
            ? ', never recovered'
            : `, recovered in ${formatDuration(recoveredAfterMs)}`;
      return { atMs, text, detail: `${[sourceLine, ...remarks].join(', ')}${recoveryText}`, kind: 'step' };
    }),
    ...result.violations.map(({ atMs, invariant, text, server }): StepListItem => ({
      atMs,
      text: `✗ ${invariant}: ${decodeText(text)}`,
      detail: server === undefined ? 'whole herd' : `at ${server}`,
      kind: 'violation',
    })),
  ];
  for (const item of items.sort((a, b) => a.atMs - b.atMs)) list.append(renderItem(item, goTo));
}

function renderItem({ atMs, text, detail, kind }: StepListItem, goTo: (atMs: number) => void): HTMLLIElement {
  const time = document.createElement('time');
  time.textContent = formatMoment(atMs);
  const content = document.createElement('span');
  content.className = kind;
  content.textContent = text;
  const detailElement = document.createElement('small');
  detailElement.textContent = detail;
  content.append(detailElement);
  const button = document.createElement('button');
  button.type = 'button';
  button.append(time, content);
  button.addEventListener('click', () => goTo(atMs));
  const line = document.createElement('li');
  line.append(button);
  return line;
}
