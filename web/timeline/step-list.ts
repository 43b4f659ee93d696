import type { TimelineData } from '../../src/simulation/report/timeline-data.js';
import { duration, legible, moment } from './format.js';

/** One line of the story. */
interface Chapter {
  readonly atMs: number;
  readonly text: string;
  readonly more: string;
  readonly kind: 'step' | 'violation';
}

/** Tells the run as a list, in the order of time: each line leads to its moment on the timeline. */
export function tellStory({ steps, result }: TimelineData, list: HTMLElement, go: (atMs: number) => void): void {
  const { recoveries } = result.measures;
  const chapters: Chapter[] = [
    ...steps.map(({ atMs, text, place, remarks }): Chapter => {
      const recovery = recoveries.find((each) => each.atMs === atMs && each.step === text);
      const after = recovery?.recoveredAfterMs as number | null | undefined;
      const recovered =
        recovery === undefined
          ? ''
          : after === undefined || after === null
            ? ', never recovered'
            : `, recovered in ${duration(after)}`;
      return { atMs, text, more: `${[place, ...remarks].join(', ')}${recovered}`, kind: 'step' };
    }),
    ...result.violations.map(({ atMs, invariant, text, server }): Chapter => ({
      atMs,
      text: `✗ ${invariant}: ${legible(text)}`,
      more: server === undefined ? 'of the herd' : `at ${server}`,
      kind: 'violation',
    })),
  ];
  for (const chapter of chapters.sort((a, b) => a.atMs - b.atMs)) list.append(lineOf(chapter, go));
}

function lineOf({ atMs, text, more, kind }: Chapter, go: (atMs: number) => void): HTMLLIElement {
  const time = document.createElement('time');
  time.textContent = moment(atMs);
  const words = document.createElement('span');
  words.className = kind;
  words.textContent = text;
  const small = document.createElement('small');
  small.textContent = more;
  words.append(small);
  const button = document.createElement('button');
  button.type = 'button';
  button.append(time, words);
  button.addEventListener('click', () => go(atMs));
  const line = document.createElement('li');
  line.append(button);
  return line;
}
