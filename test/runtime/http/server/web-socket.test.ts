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
import type { UpstreamMessage } from '../../../../src/actors/upstream/messages.js';
import { ActorGateway } from '../../../../src/actors/client/actor-gateway.js';
import { OutputBudget } from '../../../../src/actors/client/output-budget.js';
import type { Listener } from '../../../../src/runtime/sockets/listener.js';
import { ServerCounts } from '../../../../src/runtime/observe/metrics/server-counts.js';
import type { MessageBus } from '../../../../src/runtime/bus/message-bus.js';
import { Turn } from '../../../../src/runtime/time/turn.js';
import { parseConfig } from '../../../../src/runtime/config/load.js';
import { listenForHttp } from '../../../../src/runtime/http/server/http-listener.js';
import { StatusTracker } from '../../../../src/runtime/observe/metrics/status-tracker.js';
import { twitterSearch } from '../../../../src/upstreams/twitter.js';
import { VirtualClock } from '../../../../src/simulation/time/virtual-clock.js';
import { eventually, withTimeout } from '../../../support/eventually.js';
import { strictBus } from '../../../support/fake-bus.js';
import { createLocation, toServerId } from '../../../support/fake-location.js';
import { sessionSettings } from '../../../support/session-settings.js';

const maxLineBytes = 256;

/** Less than the backlog after which Node emits `drain`. */
const maxOutputBufferBytes = 4_096;

describe('serveWebSocket', () => {
  let listener: Listener;
  let bus: MessageBus;
  let closeReasons: string[];
  let clock: VirtualClock;
  /** Writes to clients so far, and their number each time that links were written. */
  let writes: number;
  let writtenAtLinks: number[];
  const clients: WebSocket[] = [];

  beforeEach(async () => {
    bus = strictBus();
    closeReasons = [];
    const server = toServerId('Blake');
    clock = new VirtualClock();
    const limits = { ...defaultLimits, maxLineBytes, maxOutputBufferBytes };
    const shared = new SharedLimits(limits, clock);
    const settings = sessionSettings(bus, { server, limits, upstream: twitterSearch('http://127.0.0.1:9'), shared });
    bus.attach(addresses.server, {
      receive: (message: ServerMessage) => {
        if (message.kind === 'connection-opened') {
          const at = addresses.connection(message.connection);
          bus.attach(at, new Connection(bus, clock, settings, message.connection, message.channel));
        }
        if (message.kind === 'connection-closed') closeReasons.push(message.reason);
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
    const gateway = new ActorGateway(bus);
    bus.attach(addresses.gateway, gateway);
    let connections = 0;
    const nextConnection = () => (connections += 1);
    const config = parseConfig(
      'herd.yaml',
      `herd: test
servers: { Blake: { port: 0, peerPort: 0, httpPort: 0 }, Bryant: { port: 0, peerPort: 0, httpPort: 12201 } }
limits: { maxLineBytes: ${maxLineBytes} }`,
      {},
    );
    const listenerDependencies = {
      bus,
      gateway,
      clock,
      turn,
      certificates: undefined,
      maxConnections: 10,
      nextConnection,
      config,
    };
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
    listener = await listenForHttp(
      { ...listenerDependencies, ...http },
      { owner: 'Blake (web)', host: '127.0.0.1', port: 0 },
    );
  });

  afterEach(() => {
    for (const client of clients.splice(0)) client.terminate();
    listener.close();
  });

  function connect(path = '/ws', options: { origin?: string; autoPong?: boolean } = {}): WebSocket {
    const client = new WebSocket(`ws://127.0.0.1:${listener.port}${path}`, options);
    clients.push(client);
    return client;
  }

  async function sendRequest({
    path,
    headers,
    body,
  }: {
    path: string;
    headers: Record<string, string>;
    body?: string;
  }): Promise<[status: number | undefined, body: string]> {
    const method = body === undefined ? 'GET' : 'POST';
    const sent = request({ port: listener.port, host: '127.0.0.1', path, method, headers, agent: false }).end(body);
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

  it('[WS1] accepts one command and sends one response per message, without line ends', async () => {
    const client = connect();
    await once(client, 'open');
    const { text, binary } = await ask(client, 'IAMAT kiwi +34.0-118.0 1.5');
    expect(text.toString()).to.match(/^AT Blake \+\d+\.\d{9} kiwi \+34\.0-118\.0 1\.5$/);
    expect(binary).to.equal(false);
    expect((await ask(client, 'nonsense ☂\n')).text.toString()).to.equal('? nonsense ☂');
  });

  it('[IA7] responds to reports after links were written, over WebSocket and over HTTP', async () => {
    const client = connect();
    await once(client, 'open');
    const write = Reflect.get(Socket.prototype, 'write') as (...args: unknown[]) => boolean;
    writes = 0;
    Reflect.set(Socket.prototype, 'write', function (this: Socket, ...args: unknown[]) {
      if (this.localPort === listener.port) writes += 1;
      return Reflect.apply(write, this, args);
    });
    try {
      await ask(client, 'IAMAT kiwi +1+1 1');
      expect(writtenAtLinks).to.deep.equal([0]);
      expect(writes).to.be.above(0);
      writes = 0;
      const body = '{"client":"kiwi","position":"+1+1","time":"2"}';
      const [status] = await sendRequest({
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

  it('[WS2] responds to invalid UTF-8 with a binary message', async () => {
    const client = connect();
    await once(client, 'open');
    const { text, binary } = await ask(client, Buffer.from([0xff, 0xfe, 0x41]));
    expect([...text]).to.deep.equal([0x3f, 0x20, 0xff, 0xfe, 0x41]);
    expect(binary).to.equal(true);
  });

  it('[WS3] disconnects a client that sends more than the maximum line', async () => {
    const client = connect();
    await once(client, 'open');
    client.send('x'.repeat(maxLineBytes + 3));
    const [code] = (await once(client, 'close')) as [number];
    expect(code).to.equal(1009);
    await eventually('it is known', () => closeReasons.length > 0);
    expect(closeReasons).to.deep.equal(['Max payload size exceeded']);
  });

  it('closes a rejected connection whose client does not close its side', async () => {
    const socket = connectTcp({ port: listener.port, host: '127.0.0.1', allowHalfOpen: true });
    socket.resume();
    socket.write('GET /other HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    await once(socket, 'end');
    // A closed connection answers further bytes with a reset.
    const writing = setInterval(() => socket.write('x'), 10);
    await withTimeout(
      once(socket, 'close').catch(() => undefined),
      'the server lets go',
    );
    clearInterval(writing);
  });

  it('[WS4] rejects pages of other origins and other paths', async () => {
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
    for (const origin of [`http://127.0.0.1:${listener.port}`, 'http://127.0.0.1:12201', 'http://localhost:12201']) {
      await once(connect('/ws', { origin }), 'open');
    }
  });

  it('[WS4] ignores upgrades other than WebSocket, as offered by curl and Java', async () => {
    for (const protocol of ['h2c', 'TLS/1.0, HTTP/1.1', 'something']) {
      const headers = {
        connection: 'Upgrade, HTTP2-Settings',
        upgrade: protocol,
        'http2-settings': 'AAMAAABkAAQAAP__',
      };
      expect(await sendRequest({ path: '/healthz', headers }), protocol).to.deep.equal([200, 'ok\n']);
      // The body belongs to the request, not to the other protocol.
      const body = '{"client":"kiwi","position":"+1+1","time":"1"}';
      const type = { 'content-type': 'application/json' };
      const [status, text] = await sendRequest({ path: '/api/locations', headers: { ...headers, ...type }, body });
      expect([status, (JSON.parse(text) as { client: string }).client]).to.deep.equal([200, 'kiwi']);
    }
  });

  it('[WS5] pings, and disconnects a client that does not answer; closes with 1001 when the server stops', async () => {
    const [alive, dead] = [connect(), connect('/ws', { autoPong: false })];
    await Promise.all([once(alive, 'open'), once(dead, 'open')]);
    const pinged = Promise.all([once(alive, 'ping'), once(dead, 'ping')]);
    clock.advance(30_000);
    await pinged;
    // Its pong arrives before the response to this.
    await ask(alive, 'nonsense');
    const dropped = once(dead, 'close');
    clock.advance(30_000);
    expect((await dropped)[0]).to.equal(1006);
    const closed = once(alive, 'close');
    for (const connection of [1, 2]) bus.send(addresses.connection(connection), { kind: 'drain' });
    expect((await closed)[0]).to.equal(1001);
  });

  it("resumes a client that has read its backlog, also if it is too small for Node's drain event", async () => {
    const client = connect();
    await once(client, 'open');
    const count = 40_000;
    let answers = 0;
    client.on('message', () => (answers += 1));
    client.pause();
    const command = 'x'.repeat(240);
    for (let each = 0; each < count; each += 1) client.send(command);
    // The rest is queued until the client reads.
    await new Promise((resolve) => setTimeout(resolve, 500));
    client.resume();
    // Turns of the scheduler: the virtual clock does not advance by itself.
    const turns = setInterval(() => clock.advance(0), 1);
    await eventually('all answers', () => answers === count).finally(() => clearInterval(turns));
  }).timeout(30_000);

  it('[WH6] sends the two lines of a response in one message', async () => {
    const location = createLocation('kiwi', 1);
    const stop = () => undefined;
    bus.attach(addresses.store, {
      receive: (message: StoreMessage) => {
        if (message.kind !== 'whereis') return;
        bus.send(message.replyTo, { kind: 'located', requestId: message.requestId, location });
      },
      stop,
    });
    bus.attach(addresses.upstream, {
      receive: (message: UpstreamMessage) => {
        if (message.kind !== 'nearby') return;
        bus.send(message.replyTo, { kind: 'nearby-response', requestId: message.requestId, json: '{"results":[]}' });
      },
      stop,
    });
    const client = connect();
    await once(client, 'open');
    const { text } = await ask(client, 'WHATSAT kiwi 10 1');
    expect(text.toString()).to.equal(`${location.line}\n{"results":[]}`);
  });

  it('[WS6] sends no responses to a client that closes', async () => {
    const client = connect();
    await once(client, 'open');
    const answers: unknown[] = [];
    client.on('message', (answer) => answers.push(answer));
    // The store never responds here, so this WHATSAT is pending when the client disconnects.
    client.send('WHATSAT kiwi 1 1');
    client.close();
    await once(client, 'close');
    expect(answers).to.deep.equal([]);
    await eventually('it is known', () => closeReasons.length > 0);
    expect(closeReasons).to.have.length(1);
  });
});
