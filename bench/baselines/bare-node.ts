import { EventEmitter } from 'eventemitter3';
import { connect, createServer, type Socket } from 'node:net';
import { createLogger, format, transports } from 'winston';
import { createActor, setup } from 'xstate';

/*
 * Baseline: one server of a minimal herd on Node, a lower bound of the cost. It parses lines, keeps a Map, responds and floods over
 * persistent links. It logs every line, batched per turn of the event loop into one winston call, with one eventemitter3 emit per
 * line and one XState actor per connection. It has no validation, anti-entropy or limits. Configured by one JSON argument; an empty
 * `log` turns logging off.
 */

interface Config {
  readonly server: string;
  readonly ports: Readonly<Record<string, number>>;
  readonly neighbours: readonly string[];
  readonly log: string;
}

const { server, ports, neighbours, log } = JSON.parse(process.argv[2] ?? '') as Config;

const bus = new EventEmitter<{ line: [remote: string, direction: 'in' | 'out', line: string] }>();
const life = setup({ types: { events: {} as { type: 'CLOSED' } } }).createMachine({
  initial: 'open',
  states: { open: { on: { CLOSED: 'closed' } }, closed: { type: 'final' } },
});

/** By client: the AT line without its forwarder, and its time. */
const locations = new Map<string, { readonly at: string; readonly time: string }>();
const links = new Map<string, Link>();
const flushes: (() => void)[] = [];

/** Runs a callback at the end of this turn of the event loop. */
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
  bus.on('line', (remote, direction, line) => {
    if (lines.length === 0) atEndOfTurn(write);
    if (Date.now() !== nowMs) now = new Date((nowMs = Date.now())).toISOString();
    lines.push(`${now} ${remote} ${direction} ${line}`);
  });
}

/** A connection of a client or a neighbour; output is written once per turn of the event loop. */
class Link {
  private rest = '';
  private out = '';
  private remote: string;
  private readonly life = createActor(life).start();

  constructor(private readonly socket: Socket) {
    this.remote = `client ${socket.remoteAddress ?? ''}:${socket.remotePort ?? 0}`;
    socket.setNoDelay(true).setEncoding('latin1');
    socket.on('data', (text: string) => this.receive(text));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.life.send({ type: 'CLOSED' }));
  }

  becomePeer(name: string): void {
    this.remote = `peer ${name}`;
    links.set(name, this);
    if (links.size === neighbours.length) process.stdout.write('ready\n');
  }

  send(line: string): void {
    if (this.out === '') {
      atEndOfTurn(() => {
        this.socket.write(this.out, 'latin1');
        this.out = '';
      });
    }
    this.out += `${line}\n`;
    bus.emit('line', this.remote, 'out', line);
  }

  private receive(chunk: string): void {
    const text = this.rest + chunk;
    let from = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      const line = text.slice(from, end);
      bus.emit('line', this.remote, 'in', line);
      this.handleLine(line);
      from = end + 1;
    }
    this.rest = text.slice(from);
  }

  private handleLine(line: string): void {
    if (line.startsWith('IAMAT ')) {
      const position = line.indexOf(' ', 6);
      const time = line.indexOf(' ', position + 1);
      const at = `AT ${server} ${formatSkew(line.slice(time + 1))} ${line.slice(6)}`;
      this.send(at);
      learn(line.slice(6, position), at, line.slice(time + 1), '');
    } else if (line.startsWith('AT ')) {
      const client = line.indexOf(' ', line.indexOf(' ', 3) + 1) + 1;
      const position = line.indexOf(' ', client);
      const time = line.indexOf(' ', position + 1) + 1;
      const end = line.indexOf(' ', time);
      learn(line.slice(client, position), line.slice(0, end), line.slice(time, end), line.slice(end + 1));
    } else if (line.startsWith('WHATSAT ')) {
      const known = locations.get(line.split(' ')[1] ?? '');
      this.send(known?.at ?? `? ${line}`);
      if (known !== undefined) this.send('{"results":[]}');
    } else if (line.startsWith('PEER ')) this.becomePeer(line.slice(5));
    else this.send(`? ${line}`);
  }
}

function formatSkew(time: string): string {
  const ms = Date.now() - Math.round(Number(time) * 1_000);
  return `${ms < 0 ? '-' : '+'}${Math.trunc(Math.abs(ms) / 1_000)}.${String(1_000 + (Math.abs(ms) % 1_000)).slice(1)}000000`;
}

function learn(client: string, at: string, time: string, from: string): void {
  const known = locations.get(client);
  if (known !== undefined && known.time >= time) return;
  locations.set(client, { at, time });
  for (const [name, link] of links) if (name !== from) link.send(`${at} ${server}`);
}

function dial(name: string): void {
  const socket = connect(ports[name] ?? 0, '127.0.0.1', () => {
    const link = new Link(socket);
    link.becomePeer(name);
    link.send(`PEER ${server}`);
  });
  socket.once('error', () => setTimeout(() => dial(name), 50));
}

createServer((socket) => new Link(socket)).listen(ports[server], '127.0.0.1', () => {
  for (const name of neighbours) if (server < name) dial(name);
  if (neighbours.length === 0) process.stdout.write('ready\n');
});
