import { ChangeThrottle } from '../data/change-throttle.js';
import { CommandHistory } from './command-history.js';
import { SocketSession } from '../data/socket-session.js';
import { element, byId } from '../dom.js';
import type { Herd, Server } from '../data/herd.js';
import { posixNow } from '../data/at-line.js';

/** Maximum number of lines kept. */
const maxLines = 200;

/** Longer responses are cut for display. */
const maxShownCharacters = 4_000;

/** Example commands. */
const examples: readonly (readonly [label: string, command: () => string])[] = [
  ['Report', () => `IAMAT kiwi.cs.ucla.edu +34.068930-118.445127 ${posixNow()}`],
  ['Search nearby', () => 'WHATSAT kiwi.cs.ucla.edu 10 3'],
  ['Move far away', () => `IAMAT kiwi.cs.ucla.edu -36.848500+174.763300 ${posixNow()}`],
  ['Watch', () => 'WATCH kiwi.cs.ucla.edu'],
  ['Watch all', () => 'WATCH *'],
  ['Unwatch', () => 'UNWATCH'],
  ['Invalid line', () => 'HELLO herd'],
];

/** Commands sent over a connection of their own, where an AT line is a change and never a response. */
const watchPattern = /^\s*(?:UN)?WATCH(?:\s|$)/;

type EntryKind = 'sent' | 'received' | 'change' | 'rejected' | 'closed';

/** Sends protocol lines to a selected server. */
export class Console {
  private readonly form = byId('console', HTMLFormElement);
  private readonly serverSelect = byId('console-server', HTMLSelectElement);
  private readonly line = byId('console-line', HTMLInputElement);
  private readonly button = byId('console-send', HTMLButtonElement);
  private readonly log = byId('console-log', HTMLElement);
  private readonly history = new CommandHistory();
  private readonly sessions = new Map<string, SocketSession>();
  private readonly watchSessions = new Map<string, SocketSession>();
  private serverCount = 0;

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
    byId('console-examples', HTMLElement).append(
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

  /** Name of the selected server. */
  get server(): string {
    return this.serverSelect.value;
  }

  paint(): void {
    if (this.serverCount === this.herd.servers.size) return;
    for (const { name, url } of this.herd.serverList.slice(this.serverCount)) {
      this.serverSelect.append(element('option', { value: name, disabled: url === '' }, name));
    }
    if (this.serverCount === 0) this.serverSelect.value = this.herd.openedOn;
    this.serverCount = this.herd.servers.size;
    this.button.disabled = this.serverCount === 0;
  }

  private send(): void {
    const command = this.line.value;
    const server = this.herd.server(this.serverSelect.value);
    if (command === '' || server === undefined) return;
    this.history.add(command);
    this.line.value = '';
    this.show('sent', server.name, command);
    const isWatch = watchPattern.test(command);
    const sessions = isWatch ? this.watchSessions : this.sessions;
    let session = sessions.get(server.name);
    if (session === undefined) {
      session = isWatch
        ? this.openWatchSession(server)
        : this.openSession(server, (response) => this.showResponse(server, response));
      sessions.set(server.name, session);
    }
    session.send(command);
  }

  private openSession({ name, url }: Server, onLine: (line: string) => void): SocketSession {
    return new SocketSession(
      url,
      onLine,
      (state) => state === 'closed' && this.show('closed', name, 'The connection is closed.'),
    );
  }

  private openWatchSession(server: Server): SocketSession {
    const changes = new ChangeThrottle((lines, omitted) => {
      if (omitted > 0) this.show('change', server.name, `${omitted.toLocaleString('en')} changes not shown`);
      for (const line of lines) this.show('change', server.name, line);
    });
    return this.openSession(server, (line) => {
      if (line.startsWith('AT ')) return changes.add(line);
      changes.flush();
      this.showResponse(server, line);
    });
  }

  private showResponse({ name }: Server, response: string): void {
    this.show(response.startsWith('? ') ? 'rejected' : 'received', name, response);
  }

  private show(kind: EntryKind, server: string, text: string): void {
    const isAtEnd = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 40;
    const shownText = text.length > maxShownCharacters ? `${text.slice(0, maxShownCharacters)}…` : text;
    const sender = element('span', { className: 'sender' }, kind === 'sent' ? `to ${server}` : server);
    this.log.append(element('p', { className: kind }, sender, element('code', {}, shownText)));
    while (this.log.childElementCount > maxLines) this.log.firstElementChild?.remove();
    if (isAtEnd) this.log.scrollTop = this.log.scrollHeight;
  }
}
