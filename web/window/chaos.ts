import { element } from './element.js';
import { askFor } from './feed.js';
import type { Herd, Link, Server } from './herd.js';

/** What can be done to a thing of the herd: a word for it, and where to ask for it. */
type Deed = readonly [word: string, path: string];

function deedsFor(thing: Link | Server): readonly Deed[] {
  if ('ends' in thing) {
    const [a, b] = thing.ends;
    const path = `/admin/links/${a.server}/${b.server}`;
    return [
      ['Cut the link', `${path}/cut`],
      ['Heal it', `${path}/heal`],
    ];
  }
  const path = `/admin/servers/${thing.name}`;
  return [
    ['Crash it', `${path}/crash`],
    ['Restart it', `${path}/restart`],
  ];
}

/** Chaos by hand: buttons that break a server or link, and mend it. None unless the herd runs in development mode. */
export function chaosButtons(
  herd: Herd,
  thing: Link | Server | undefined,
  say: (words: string) => void,
): HTMLDivElement {
  const buttons = element('div', { className: 'buttons' });
  if (herd.mode !== 'development' || thing === undefined) return buttons;
  for (const [word, path] of deedsFor(thing)) {
    const button = element('button', { type: 'button' }, word);
    button.addEventListener('click', () => void act(herd, thing, path).then(say));
    buttons.append(button);
  }
  return buttons;
}

/** Asks any server that is up, those concerned last: one that crashes cannot answer. Tells what came of it. */
async function act(herd: Herd, thing: Link | Server, path: string): Promise<string> {
  const concerned = 'ends' in thing ? thing.ends.map(({ server }) => server) : [thing.name];
  const up = herd.list.filter(({ reach, url }) => reach === 'reached' && url !== '');
  const order = up.toSorted((a, b) => Number(concerned.includes(a.name)) - Number(concerned.includes(b.name)));
  let trouble = 'No server is up to ask.';
  for (const { url, name } of order) {
    try {
      await askFor(`${url}${path}`, 'POST');
      return '';
    } catch (error) {
      trouble = `${name}: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
  return trouble;
}
