import { Changes } from '../data/changes.js';
import { CommandHistory } from './command-history.js';
import { Conversation } from '../data/socket-session.js';
import { element, part } from '../dom.js';
import type { Herd, Server } from '../data/herd.js';
import { posixNow } from '../data/posix-now.js';

/** How many lines of talk are kept. */
const linesMax = 200;

/** As much of an answer as is shown. */
const shownCharacters = 4_000;

/** What a reader may try; each shows something that the protocol can. */
const examples: readonly (readonly [label: string, command: () => string])[] = [
  ['Report', () => `IAMAT kiwi.cs.ucla.edu +34.068930-118.445127 ${posixNow()}`],
  ['What is near', () => 'WHATSAT kiwi.cs.ucla.edu 10 3'],
  ['Move it far', () => `IAMAT kiwi.cs.ucla.edu -36.848500+174.763300 ${posixNow()}`],
  ['Watch it', () => 'WATCH kiwi.cs.ucla.edu'],
  ['Watch all', () => 'WATCH *'],
  ['Unwatch', () => 'UNWATCH'],
  ['Nonsense', () => 'HELLO herd'],
];

/** What is watched, is watched over a connection of its own: there, an AT line is a change and never an answer. */
const watchPattern = /^\s*(?:UN)?WATCH(?:\s|$)/;

type Kind = 'said' | 'heard' | 'changed' | 'refused' | 'closed';

/** Speaks the protocol with whichever server the reader chooses. */
export class Console {
  private readonly form = part('console', HTMLFormElement);
  private readonly choice = part('console-server', HTMLSelectElement);
  private readonly line = part('console-line', HTMLInputElement);
  private readonly button = part('console-send', HTMLButtonElement);
  private readonly talk = part('console-talk', HTMLElement);
  private readonly history = new CommandHistory();
  private readonly conversations = new Map<string, Conversation>();
  private readonly watches = new Map<string, Conversation>();
  private servers = 0;

  constructor(private readonly herd: Herd) {
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.send();
    });
    this.line.addEventListener('keydown', (event) => {
      if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') return;
      event.preventDefault();
      this.line.value = this.history.step(event.key === 'ArrowUp' ? -1 : 1);
    });
    part('console-examples', HTMLElement).append(
      ...examples.map(([label, command]) => {
        const button = element('button', { type: 'button' }, label);
        button.addEventListener('click', () => {
          this.line.value = command();
          this.line.focus();
        });
        return button;
      }),
    );
  }

  /** The server that is spoken with. */
  get server(): string {
    return this.choice.value;
  }

  paint(): void {
    if (this.servers === this.herd.servers.size) return;
    for (const { name, url } of this.herd.list.slice(this.servers)) {
      this.choice.append(element('option', { value: name, disabled: url === '' }, name));
    }
    if (this.servers === 0) this.choice.value = this.herd.openedOn;
    this.servers = this.herd.servers.size;
    this.button.disabled = this.servers === 0;
  }

  private send(): void {
    const command = this.line.value;
    const server = this.herd.server(this.choice.value);
    if (command === '' || server === undefined) return;
    this.history.add(command);
    this.line.value = '';
    this.show('said', server.name, command);
    const isWatch = watchPattern.test(command);
    const conversations = isWatch ? this.watches : this.conversations;
    let conversation = conversations.get(server.name);
    if (conversation === undefined) {
      conversation = isWatch ? this.watch(server) : this.talkWith(server, (answer) => this.hear(server, answer));
      conversations.set(server.name, conversation);
    }
    conversation.say(command);
  }

  private talkWith({ name, url }: Server, hear: (line: string) => void): Conversation {
    return new Conversation(
      url,
      hear,
      (mood) => mood === 'closed' && this.show('closed', name, 'The connection is closed.'),
    );
  }

  private watch(server: Server): Conversation {
    const changes = new Changes((lines, leftOut) => {
      if (leftOut > 0) this.show('changed', server.name, `${leftOut.toLocaleString('en')} changes not shown`);
      for (const line of lines) this.show('changed', server.name, line);
    });
    return this.talkWith(server, (line) => {
      if (line.startsWith('AT ')) return changes.add(line);
      changes.showAll();
      this.hear(server, line);
    });
  }

  private hear({ name }: Server, answer: string): void {
    this.show(answer.startsWith('? ') ? 'refused' : 'heard', name, answer);
  }

  private show(kind: Kind, server: string, text: string): void {
    const atEnd = this.talk.scrollHeight - this.talk.scrollTop - this.talk.clientHeight < 40;
    const shown = text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text;
    const who = element('span', { className: 'who' }, kind === 'said' ? `to ${server}` : server);
    this.talk.append(element('p', { className: kind }, who, element('code', {}, shown)));
    while (this.talk.childElementCount > linesMax) this.talk.firstElementChild?.remove();
    if (atEnd) this.talk.scrollTop = this.talk.scrollHeight;
  }
}
