import { EventEmitter } from 'eventemitter3';
import { connect, createServer, type Socket } from 'node:net';
import { createLogger, format, transports } from 'winston';
import { createActor, setup } from 'xstate';

/*
 * A yardstick: what a herd could cost on Node at all. It scans the line, keeps a Map, answers, and floods over persistent links;
 * it logs every line, those of a turn in one call of winston, with an eventemitter3 emit a line and an XState actor a
 * connection. It checks nothing, repairs nothing and has no limit. It is told all in one argument of JSON; a log of '' is none.
 */

interface Plan {
  readonly server: string;
  readonly ports: Readonly<Record<string, number>>;
  readonly neighbours: readonly string[];
  readonly log: string;
}

const { server, ports, neighbours, log } = JSON.parse(process.argv[2] ?? '') as Plan;

const bus = new EventEmitter<{ line: [who: string, direction: 'in' | 'out', line: string] }>();
const life = setup({ types: { events: {} as { type: 'CLOSED' } } }).createMachine({
  initial: 'open',
  states: { open: { on: { CLOSED: 'closed' } }, closed: { type: 'final' } },
});

/** By client: the line without its forwarder, and its time. */
const locations = new Map<string, { readonly at: string; readonly time: string }>();
const links = new Map<string, Link>();
const flushes: (() => void)[] = [];

/** Has something done at the end of this turn of the event loop. */
function atEndOfTurn(flush: () => void): void {
  if (flushes.push(flush) > 1) return;
  setImmediate(() => {
    for (const each of flushes.splice(0)) each();
  });
}

if (log !== '') {
  const logger = createLogger({
    format: format.printf(({ message }) => String(message)),
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- winston types it as an interface
    transports: [new transports.File({ filename: log })],
  });
  let lines: string[] = [];
  let [nowMs, now] = [0, ''];
  const write = () => {
    logger.info(lines.join('\n'));
    lines = [];
  };
  bus.on('line', (who, direction, line) => {
    if (lines.length === 0) atEndOfTurn(write);
    if (Date.now() !== nowMs) now = new Date((nowMs = Date.now())).toISOString();
    lines.push(`${now} ${who} ${direction} ${line}`);
  });
}

/** One connection, of a client or a neighbour; what is said in a turn is written at its end. */
class Link {
  private rest = '';
  private out = '';
  private who: string;
  private readonly life = createActor(life).start();

  constructor(private readonly socket: Socket) {
    this.who = `client ${socket.remoteAddress ?? ''}:${socket.remotePort ?? 0}`;
    socket.setNoDelay(true).setEncoding('latin1');
    socket.on('data', (text: string) => this.take(text));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.life.send({ type: 'CLOSED' }));
  }

  befriend(name: string): void {
    this.who = `peer ${name}`;
    links.set(name, this);
    if (links.size === neighbours.length) process.stdout.write('ready\n');
  }

  say(line: string): void {
    if (this.out === '') {
      atEndOfTurn(() => {
        this.socket.write(this.out, 'latin1');
        this.out = '';
      });
    }
    this.out += `${line}\n`;
    bus.emit('line', this.who, 'out', line);
  }

  private take(chunk: string): void {
    const text = this.rest + chunk;
    let from = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      const line = text.slice(from, end);
      bus.emit('line', this.who, 'in', line);
      this.hear(line);
      from = end + 1;
    }
    this.rest = text.slice(from);
  }

  private hear(line: string): void {
    if (line.startsWith('IAMAT ')) {
      const position = line.indexOf(' ', 6);
      const time = line.indexOf(' ', position + 1);
      const at = `AT ${server} ${skewOf(line.slice(time + 1))} ${line.slice(6)}`;
      this.say(at);
      learn(line.slice(6, position), at, line.slice(time + 1), '');
    } else if (line.startsWith('AT ')) {
      const client = line.indexOf(' ', line.indexOf(' ', 3) + 1) + 1;
      const position = line.indexOf(' ', client);
      const time = line.indexOf(' ', position + 1) + 1;
      const end = line.indexOf(' ', time);
      learn(line.slice(client, position), line.slice(0, end), line.slice(time, end), line.slice(end + 1));
    } else if (line.startsWith('WHATSAT ')) {
      const known = locations.get(line.split(' ')[1] ?? '');
      this.say(known?.at ?? `? ${line}`);
      if (known !== undefined) this.say('{"results":[]}');
    } else if (line.startsWith('PEER ')) this.befriend(line.slice(5));
    else this.say(`? ${line}`);
  }
}

function skewOf(time: string): string {
  const ms = Date.now() - Math.round(Number(time) * 1_000);
  return `${ms < 0 ? '-' : '+'}${Math.trunc(Math.abs(ms) / 1_000)}.${String(1_000 + (Math.abs(ms) % 1_000)).slice(1)}000000`;
}

function learn(client: string, at: string, time: string, from: string): void {
  const known = locations.get(client);
  if (known !== undefined && known.time >= time) return;
  locations.set(client, { at, time });
  for (const [name, link] of links) if (name !== from) link.say(`${at} ${server}`);
}

function call(name: string): void {
  const socket = connect(ports[name] ?? 0, '127.0.0.1', () => {
    const link = new Link(socket);
    link.befriend(name);
    link.say(`PEER ${server}`);
  });
  socket.once('error', () => setTimeout(() => call(name), 50));
}

createServer((socket) => new Link(socket)).listen(ports[server], '127.0.0.1', () => {
  for (const name of neighbours) if (server < name) call(name);
  if (neighbours.length === 0) process.stdout.write('ready\n');
});
