import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { expect } from 'chai';
import { defaultLimits } from '../../../../src/actors/ports/limits.js';
import { OutputBudget } from '../../../../src/actors/client/output-budget.js';
import type { ClientEvent } from '../../../../src/actors/bus/events.js';
import { HttpConnections } from '../../../../src/runtime/http/server/http-connections.js';
import { listen, type Listener } from '../../../../src/runtime/sockets/listener.js';
import { SystemClock } from '../../../../src/runtime/time/system-clock.js';
import { eventually, withTimeout } from '../../../support/eventually.js';
import { strictBus } from '../../../support/fake-bus.js';

/** More bytes than the operating system buffers for a client that does not read. */
const large = Buffer.alloc(16 * 1024 * 1024, 'x');

const request = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

type Begun = readonly [request: IncomingMessage, response: ServerResponse];

/** Waits until an expectation holds. */
function holds(expectation: () => unknown): Promise<unknown> {
  return eventually('an expectation holds', async () => {
    await expectation();
    return true;
  });
}

describe('HttpConnections', () => {
  let begun: Begun[];
  let dropped: string[];
  let refused: ClientEvent[];
  let budget: OutputBudget;
  let server: Server;
  let connections: HttpConnections;
  let listening: Listener;
  let onRequest: (...begun: Begun) => void;
  const sockets: Socket[] = [];

  async function open(limits: Partial<typeof defaultLimits> = {}): Promise<void> {
    [begun, dropped, refused, onRequest] = [[], [], [], () => undefined];
    const bus = strictBus();
    bus.on('client-rejected', (event) => refused.push(event));
    const all = { ...defaultLimits, ...limits };
    budget = new OutputBudget(all.maxTotalOutputBufferBytes);
    const onDropped = (_: Socket, reason: string) => dropped.push(reason);
    connections = new HttpConnections({
      bus,
      clock: new SystemClock(),
      limits: all,
      outputBudget: budget,
      onDropped,
    });
    server = createServer(
      connections.serializeRequests((...request) => {
        begun.push(request);
        onRequest(...request);
      }),
    );
    connections.attach(server);
    listening = await listen(server, { owner: 'test', host: '127.0.0.1', port: 0, maxConnections: all.maxConnections });
  }

  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    listening.close();
  });

  async function caller(): Promise<Socket> {
    const socket = connect(listening.port, '127.0.0.1');
    socket.on('error', () => undefined);
    sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  }

  /** Responds to the request that was started last. */
  function answer(text: string): void {
    begun.at(-1)?.[1].end(text);
  }

  /** Sends a large response and accounts for it. */
  function flood(request: IncomingMessage, response: ServerResponse): void {
    response.write(large);
    connections.recordWrite(request);
  }

  it('serves one request of a connection at a time and in order, and does not read further meanwhile', async () => {
    await open();
    const socket = await caller();
    const count = 4_000;
    socket.write(request.repeat(count));
    await holds(() => expect(begun.length).to.equal(1));
    await holds(() => expect(budget.bytes).to.be.greaterThan(0));
    const [serverSide] = begun.map(([{ socket: of }]) => of);
    // One chunk of at most 64 KiB.
    expect(serverSide?.bytesRead).to.be.at.most(65_536);
    expect(budget.bytes).to.equal((Math.floor((serverSide?.bytesRead ?? 0) / request.length) - 1) * 2_048);
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    answer('first');
    await holds(() => expect(begun.length).to.equal(2));
    onRequest = (_, response) => response.end(`answer ${begun.length};`);
    answer('second');
    await holds(() => expect(text).to.contain(`answer ${count};`));
    expect(text.match(/first|second|answer \d+;/g)).to.deep.equal([
      'first',
      'second',
      ...Array.from({ length: count - 2 }, (_, index) => `answer ${index + 3};`),
    ]);
    await holds(() => expect(budget.bytes).to.equal(0));
  }).timeout(20_000);

  it('does not start the next request before the response is sent', async () => {
    await open();
    const socket = await caller();
    socket.pause();
    onRequest = (_, response) => response.end(large);
    socket.write(request.repeat(2));
    await holds(() => expect(begun.length).to.equal(1));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(begun.length).to.equal(1);
    socket.resume();
    await holds(() => expect(begun.length).to.equal(2));
  });

  it('starts a limited number of requests per turn of the event loop', async () => {
    await open();
    const turns: number[] = [];
    let turn = 0;
    const next = () => {
      turn += 1;
      ticking = setImmediate(next);
    };
    let ticking = setImmediate(next);
    onRequest = () => turns.push(turn);
    const callers = await Promise.all(Array.from({ length: 100 }, caller));
    for (const socket of callers) socket.write(request);
    await holds(() => expect(turns.length).to.equal(100));
    clearImmediate(ticking);
    const perTurn = new Map<number, number>();
    for (const of of turns) perTurn.set(of, (perTurn.get(of) ?? 0) + 1);
    expect(Math.max(...perTurn.values())).to.be.at.most(16);
  });

  it('destroys a connection that reads nothing of its response for writeTimeoutMs, and no other', async () => {
    await open({ writeTimeoutMs: 200 });
    const [stalled, reading, thinking] = [await caller(), await caller(), await caller()];
    stalled.pause();
    onRequest = flood;
    stalled.write(request);
    await holds(() => expect(begun.length).to.equal(1));
    // Reads slowly and never finishes.
    reading.on('readable', () => undefined);
    const sips = setInterval(() => reading.read(65_536) as unknown, 20);
    reading.write(request);
    await holds(() => expect(begun.length).to.equal(2));
    onRequest = () => undefined;
    thinking.write(request);
    await holds(() => expect(dropped).to.deep.equal(['read nothing of its response for 0.2 s']));
    await holds(() => expect(begun[0]?.[0].socket.destroyed).to.equal(true));
    expect(begun.slice(1).map(([{ socket }]) => socket.destroyed)).to.deep.equal([false, false]);
    clearInterval(sips);
  });

  it('drops the connections with the most queued output when all together exceed the limit', async () => {
    await open({ maxTotalOutputBufferBytes: 20 * 1024 * 1024 });
    onRequest = flood;
    for (const expected of [0, 1, 2]) {
      const socket = await caller();
      socket.pause();
      socket.write(request);
      await holds(() => expect(dropped.length).to.equal(expected));
      expect(budget.bytes).to.be.at.most(20 * 1024 * 1024);
    }
    expect(dropped[0]).to.match(/^output buffers of all clients exceed 20971520 bytes/);
  });

  it('accounts for the body of a request until the response', async () => {
    await open();
    const [declared, chunked, small] = [await caller(), await caller(), await caller()];
    declared.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\nx');
    await holds(() => expect(budget.bytes).to.equal(2 * 50_000));
    chunked.write('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n');
    await holds(() => expect(budget.bytes).to.equal(2 * 50_000 + 2 * 65_536));
    small.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200\r\n\r\nx');
    await holds(() => expect(begun.length).to.equal(3));
    for (const [, response] of begun) response.end('well');
    await holds(() => expect(budget.bytes).to.equal(0));
  });

  it('rejects connections beyond the limit of an address, and publishes them at most once a second', async () => {
    await open({ maxHttpConnectionsPerAddress: 2 });
    onRequest = (_, response) => response.end('well');
    const kept = [await caller(), await caller()];
    for (let each = 0; each < 5; each += 1) {
      const socket = await caller();
      await withTimeout(new Promise((resolve) => socket.resume().once('close', resolve)), 'it is closed');
    }
    expect(refused.map(({ reason, count }) => [reason, count])).to.deep.equal([
      ['too many HTTP connections from this address (limit 2)', 1],
    ]);
    await holds(() => expect(refused.map(({ count }) => count)).to.deep.equal([1, 4]));
    kept[0]?.destroy();
    await holds(async () => {
      const socket = await caller();
      socket.write(request);
      const [chunk] = (await withTimeout(once(socket, 'data'), 'an answer', 100)) as [Buffer];
      expect(chunk.toString()).to.contain('well');
    });
  });

  it('counts a connection once if its port is reused before its close event', async () => {
    await open({ maxHttpConnectionsPerAddress: 2 });
    let last = await caller();
    for (let reused = 0; reused < 10;) {
      const { localPort } = last;
      last.resetAndDestroy();
      last = connect({ port: listening.port, host: '127.0.0.1', localPort });
      last.on('error', () => undefined);
      sockets.push(last);
      const isReused = await once(last, 'connect').then(
        () => true,
        () => false,
      );
      if (isReused) reused += 1;
      // Another process was given the port in between: begin with another one.
      else last = await caller();
    }
    const socket = await caller();
    socket.write(request);
    await holds(() => expect(begun).to.have.lengthOf(1));
    expect(refused).to.deep.equal([]);
  });

  it('rejects connections beyond the total limit', async () => {
    await open({ maxConnections: 1 });
    await caller();
    const socket = await caller();
    await withTimeout(new Promise((resolve) => socket.resume().once('close', resolve)), 'it is closed');
    expect(refused.map(({ reason }) => reason)).to.deep.equal(['too many HTTP connections (limit 1)']);
  });

  it('releases a connection that changes its protocol, but not during a response', async () => {
    await open({ maxHttpConnectionsPerAddress: 1 });
    const released: boolean[] = [];
    server.on('upgrade', ({ socket }: IncomingMessage) => released.push(connections.release(socket)));
    const upgrade = `GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;
    const first = await caller();
    first.write(upgrade);
    await holds(() => expect(released).to.deep.equal([true]));
    const second = await caller();
    second.write(request + upgrade);
    await holds(() => expect(released).to.deep.equal([true, false]));
  });
});
