import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { connect as connectTcp, Socket } from 'node:net';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { AddressQuota } from '../../../../src/actors/client/address-quota.js';
import { Connection } from '../../../../src/actors/client/connection.js';
import { SharedLimits } from '../../../../src/actors/client/shared-limits.js';
import { defaultLimits } from '../../../../src/actors/ports/limits.js';
import { addresses } from '../../../../src/actors/addresses.js';
import type { ServerMessage } from '../../../../src/actors/server/messages.js';
import type { StoreMessage } from '../../../../src/actors/store/messages.js';
import { OutputBudget } from '../../../../src/actors/client/output-budget.js';
import type { Listener } from '../../../../src/runtime/sockets/listener.js';
import { ServerCounts } from '../../../../src/runtime/observe/metrics/server-counts.js';
import { MessageBus } from '../../../../src/runtime/bus/message-bus.js';
import { Turn } from '../../../../src/runtime/time/turn.js';
import { parseConfig } from '../../../../src/runtime/config/load.js';
import { listenForHttp } from '../../../../src/runtime/http/server/http-listener.js';
import { StatusTracker } from '../../../../src/runtime/observe/metrics/status-tracker.js';
import { asServerId } from '../../../../src/protocol/place/ids.js';
import { twitterSearch } from '../../../../src/upstreams/twitter.js';
import { VirtualClock } from '../../../../src/simulation/time/virtual-clock.js';
import { eventually, withTimeout } from '../../../support/eventually.js';

const maxLineBytes = 256;

/** Less than what Node keeps before it tells that it has been taken. */
const maxOutputBufferBytes = 4_096;

describe('the door for WebSocket', () => {
  let door: Listener;
  let bus: MessageBus;
  let left: string[];
  let clock: VirtualClock;
  /** Writes to clients so far, and how many there had been each time that links were written. */
  let writes: number;
  let writtenAtLinks: number[];
  const clients: WebSocket[] = [];

  beforeEach(async () => {
    bus = new MessageBus((error) => {
      throw error;
    });
    left = [];
    const server = asServerId('Blake');
    if (server === undefined) throw new Error('Blake is a name');
    clock = new VirtualClock();
    const limits = { ...defaultLimits, maxLineBytes, maxOutputBufferBytes };
    const shared = new SharedLimits(limits, clock);
    const settings = { server, limits, upstream: twitterSearch('http://127.0.0.1:9'), shared };
    bus.attach(addresses.server, {
      receive: (message: ServerMessage) => {
        if (message.kind === 'connection-opened') {
          const at = addresses.connection(message.connection);
          bus.attach(at, new Connection(bus, clock, settings, message.connection, message.channel));
        }
        if (message.kind === 'connection-closed') left.push(message.reason);
      },
      stop: () => undefined,
    });
    const turn = new Turn();
    writtenAtLinks = [];
    bus.attach(addresses.store, {
      receive: ({ kind }: StoreMessage) => {
        if (kind === 'report') turn.links.schedule({ flush: () => writtenAtLinks.push(writes) });
      },
      stop: () => undefined,
    });
    let connections = 0;
    const nextConnection = () => (connections += 1);
    const config = parseConfig(
      'herd.yaml',
      `herd: test
servers: { Blake: { port: 0, peerPort: 0, httpPort: 0 }, Bryant: { port: 0, peerPort: 0, httpPort: 12201 } }
limits: { maxLineBytes: ${maxLineBytes} }`,
      {},
    );
    const edges = { bus, clock, turn, certificates: undefined, maxConnections: 10, nextConnection, config };
    const http = {
      server,
      outputBudget: new OutputBudget(defaultLimits.maxTotalOutputBufferBytes),
      subscribersPerAddress: new AddressQuota(defaultLimits.maxSubscribersPerAddress),
      upstream: settings.upstream,
      mode: 'development' as const,
      status: new StatusTracker(bus, clock, []),
      counts: new ServerCounts(bus, clock, []),
      logBufferedBytes: () => 0,
      pageFolders: [],
      administer: () => Promise.resolve(),
      faultOf: () => ({ kind: 'none' }) as const,
      httpPortOf: (other: string) => (other === 'Bryant' ? 12201 : undefined),
    };
    door = await listenForHttp({ ...edges, ...http }, { owner: 'Blake (web)', host: '127.0.0.1', port: 0 });
  });

  afterEach(() => {
    for (const client of clients.splice(0)) client.terminate();
    door.close();
  });

  function connect(path = '/ws', options: { origin?: string; autoPong?: boolean } = {}): WebSocket {
    const client = new WebSocket(`ws://127.0.0.1:${door.port}${path}`, options);
    clients.push(client);
    return client;
  }

  async function answerTo(asked: {
    path: string;
    headers: Record<string, string>;
    body?: string;
  }): Promise<[status: number | undefined, body: string]> {
    const { path, headers, body } = asked;
    const method = body === undefined ? 'GET' : 'POST';
    const sent = request({ port: door.port, host: '127.0.0.1', path, method, headers, agent: false }).end(body);
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    let text = '';
    for await (const chunk of answer as AsyncIterable<Buffer>) text += chunk.toString();
    return [answer.statusCode, text];
  }

  async function ask(client: WebSocket, message: string | Buffer): Promise<{ text: Buffer; binary: boolean }> {
    const answer = once(client, 'message');
    client.send(message);
    const [text, binary] = (await answer) as [Buffer, boolean];
    return { text, binary };
  }

  it('[WS1] takes one command a message and gives one answer a message, without line ends', async () => {
    const client = connect();
    await once(client, 'open');
    const { text, binary } = await ask(client, 'IAMAT kiwi +34.0-118.0 1.5');
    expect(text.toString()).to.match(/^AT Blake \+\d+\.\d{9} kiwi \+34\.0-118\.0 1\.5$/);
    expect(binary).to.equal(false);
    expect((await ask(client, 'nonsense ☂\n')).text.toString()).to.equal('? nonsense ☂');
  });

  it('[IA7] answers reports after links were written, over WebSocket and over HTTP', async () => {
    const client = connect();
    await once(client, 'open');
    const write = Reflect.get(Socket.prototype, 'write') as (...args: unknown[]) => boolean;
    writes = 0;
    Reflect.set(Socket.prototype, 'write', function (this: Socket, ...args: unknown[]) {
      if (this.localPort === door.port) writes += 1;
      return Reflect.apply(write, this, args);
    });
    try {
      await ask(client, 'IAMAT kiwi +1+1 1');
      expect(writtenAtLinks).to.deep.equal([0]);
      expect(writes).to.be.above(0);
      writes = 0;
      const body = '{"client":"kiwi","position":"+1+1","time":"2"}';
      const [status] = await answerTo({
        path: '/api/locations',
        headers: { 'content-type': 'application/json' },
        body,
      });
      expect(status).to.equal(200);
      expect(writtenAtLinks).to.deep.equal([0, 0]);
      expect(writes).to.be.above(0);
    } finally {
      Reflect.set(Socket.prototype, 'write', write);
    }
  });

  it('[WS2] answers bytes that are no text with a binary message', async () => {
    const client = connect();
    await once(client, 'open');
    const { text, binary } = await ask(client, Buffer.from([0xff, 0xfe, 0x41]));
    expect([...text]).to.deep.equal([0x3f, 0x20, 0xff, 0xfe, 0x41]);
    expect(binary).to.equal(true);
  });

  it('[WS3] closes a client that sends more than a line may hold, and tells that it is gone', async () => {
    const client = connect();
    await once(client, 'open');
    client.send('x'.repeat(maxLineBytes + 3));
    const [code] = (await once(client, 'close')) as [number];
    expect(code).to.equal(1009);
    await eventually('it is known', () => left.length > 0);
    expect(left).to.deep.equal(['Max payload size exceeded']);
  });

  it('lets go of who is refused and does not close its side', async () => {
    const socket = connectTcp({ port: door.port, host: '127.0.0.1', allowHalfOpen: true });
    socket.resume();
    socket.write('GET /other HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    await once(socket, 'end');
    // Whoever is there no more answers what comes with a reset.
    const writing = setInterval(() => socket.write('x'), 10);
    await withTimeout(
      once(socket, 'close').catch(() => undefined),
      'the server lets go',
    );
    clearInterval(writing);
  });

  it('[WS4] refuses pages of other origins and paths that are not its own', async () => {
    for (const [path, origin, status] of [
      ['/ws', 'https://stranger.example', 403],
      ['/ws', 'null', 403],
      ['/ws', 'http://127.0.0.1:12202', 403],
      ['/ws', 'https://127.0.0.1:12201', 403],
      ['/ws', 'http://127.0.0.1.stranger.example:12201', 403],
      ['/other', undefined, 404],
    ] as const) {
      const client = connect(path, origin === undefined ? {} : { origin });
      const [error] = (await once(client, 'error')) as [Error];
      expect(error.message).to.contain(String(status));
    }
    for (const origin of [`http://127.0.0.1:${door.port}`, 'http://127.0.0.1:12201', 'http://localhost:12201']) {
      await once(connect('/ws', { origin }), 'open');
    }
  });

  it('[WS4] is offered other protocols than WebSocket, as by curl and Java, and answers over HTTP/1.1', async () => {
    for (const protocol of ['h2c', 'TLS/1.0, HTTP/1.1', 'something']) {
      const headers = {
        connection: 'Upgrade, HTTP2-Settings',
        upgrade: protocol,
        'http2-settings': 'AAMAAABkAAQAAP__',
      };
      expect(await answerTo({ path: '/healthz', headers }), protocol).to.deep.equal([200, 'ok\n']);
      // Its body is no part of another protocol.
      const body = '{"client":"kiwi","position":"+1+1","time":"1"}';
      const type = { 'content-type': 'application/json' };
      const [status, text] = await answerTo({ path: '/api/locations', headers: { ...headers, ...type }, body });
      expect([status, (JSON.parse(text) as { client: string }).client]).to.deep.equal([200, 'kiwi']);
    }
  });

  it('[WS5] pings, and drops a client that does not answer; closes with 1001 when the server stops', async () => {
    const [alive, dead] = [connect(), connect('/ws', { autoPong: false })];
    await Promise.all([once(alive, 'open'), once(dead, 'open')]);
    const pinged = Promise.all([once(alive, 'ping'), once(dead, 'ping')]);
    clock.advance(30_000);
    await pinged;
    // Its answer to the ping comes before the answer to this.
    await ask(alive, 'nonsense');
    const dropped = once(dead, 'close');
    clock.advance(30_000);
    expect((await dropped)[0]).to.equal(1006);
    const closed = once(alive, 'close');
    for (const connection of [1, 2]) bus.send(addresses.connection(connection), { kind: 'drain' });
    expect((await closed)[0]).to.equal(1001);
  });

  it('goes on with a client that has read again what it left, also below what Node tells of', async () => {
    const client = connect();
    await once(client, 'open');
    const count = 40_000;
    let answers = 0;
    client.on('message', () => (answers += 1));
    client.pause();
    const command = 'x'.repeat(240);
    for (let each = 0; each < count; each += 1) client.send(command);
    // The rest waits for the client to read.
    await new Promise((resolve) => setTimeout(resolve, 500));
    client.resume();
    // The turns of the scheduler, for the clock does not go by itself.
    const turns = setInterval(() => clock.advance(0), 1);
    await eventually('all answers', () => answers === count).finally(() => clearInterval(turns));
  }).timeout(30_000);

  it('[WS6] has no answers for a client that closes', async () => {
    const client = connect();
    await once(client, 'open');
    const answers: unknown[] = [];
    client.on('message', (answer) => answers.push(answer));
    // The store never answers here, so this WHATSAT is still open when the client goes.
    client.send('WHATSAT kiwi 1 1');
    client.close();
    await once(client, 'close');
    expect(answers).to.deep.equal([]);
    await eventually('it is known', () => left.length > 0);
    expect(left).to.have.length(1);
  });
});
