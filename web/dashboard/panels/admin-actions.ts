import { askFor, Refusal } from '../data/http.js';
import { element } from '../dom.js';
import { faultOf, type Herd, type Link, type Server } from '../data/herd.js';
import { token } from './token.js';

/** How long a button that breaks something for good waits for the second press, in milliseconds. */
const secondPressWithinMs = 4_000;

/** How much later each line of a slowed link comes, in milliseconds. */
const delayMs = 500;

/** What can be done to a thing of the herd. */
interface Deed {
  readonly word: string;
  /** What is asked for: see `POST /api/admin`. */
  readonly act: Readonly<Record<string, unknown>>;
  /** What cannot be undone is asked twice: the word for it then. */
  readonly sure?: string;
}

function deedsFor(thing: Link | Server): readonly Deed[] {
  if ('ends' in thing) {
    const link = thing.ends.map(({ server }) => server);
    const [cut, slow, heal] = [
      { word: 'Cut it', act: { act: 'cut', link } },
      { word: `Slow it by ${delayMs} ms`, act: { act: 'slow', link, delayMs } },
      { word: 'Heal it', act: { act: 'heal', link } },
    ];
    const offered = { none: [cut, slow], cut: [slow, heal], slow: [cut, heal] };
    return offered[faultOf(thing).kind];
  }
  const { name: server } = thing;
  return [
    { word: 'Crash it', act: { act: 'crash', server }, sure: 'Crash it: its memory and clients are gone' },
    { word: 'Restart it', act: { act: 'restart', server } },
  ];
}

/** Chaos by hand: buttons that break a server or link, and mend it. None where the reader may not. */
export function chaosButtons(herd: Herd, thing: Link | Server, say: (words: string) => void): HTMLDivElement {
  const buttons = element('div', { className: 'buttons' });
  if (herd.administering === 'off') return buttons;
  if (herd.administering === 'token') {
    const button = element('button', { type: 'button' }, 'Administer …');
    button.addEventListener('click', () => token.ask('administration'));
    buttons.append(button);
    return buttons;
  }
  const act = (deed: Deed): void => {
    say(`${deed.word} …`);
    void askHerd(herd, thing, deed).then(say);
  };
  buttons.append(...deedsFor(thing).map((deed) => deedButton(deed, () => act(deed))));
  return buttons;
}

function deedButton({ word, sure }: Deed, act: () => void): HTMLButtonElement {
  const button = element('button', { type: 'button' }, word);
  let waiting: ReturnType<typeof setTimeout> | undefined;
  const rest = (): void => {
    clearTimeout(waiting);
    waiting = undefined;
    button.textContent = word;
  };
  button.addEventListener('click', () => {
    if (sure === undefined || waiting !== undefined) {
      rest();
      act();
      return;
    }
    button.textContent = sure;
    waiting = setTimeout(rest, secondPressWithinMs);
  });
  return button;
}

/**
 * Asks any server that is heard, those concerned last: one that crashes cannot answer. One that does not run in the process
 * concerned says so, and the next is asked. Tells what came of it.
 */
async function askHerd(herd: Herd, thing: Link | Server, { word, act }: Deed): Promise<string> {
  const concerned = 'ends' in thing ? thing.ends.map(({ server }) => server) : [thing.name];
  const heard = herd.list.filter(({ reach, url }) => reach === 'reached' && url !== '');
  const order = heard.toSorted((a, b) => Number(concerned.includes(a.name)) - Number(concerned.includes(b.name)));
  let trouble = 'No server is heard that could be asked.';
  for (const { url, name } of order) {
    try {
      await askFor(`${url}/api/admin`, act);
      return `${word}: done.`;
    } catch (error) {
      trouble = `${name}: ${error instanceof Error ? error.message : String(error)}`;
      if (error instanceof Refusal && error.status !== 501) break;
    }
  }
  return trouble;
}
