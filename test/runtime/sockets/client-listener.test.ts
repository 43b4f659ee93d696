import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { expect } from 'chai';
import { Connection } from '../../../src/actors/client/connection.js';
import { SharedLimits } from '../../../src/actors/client/shared-limits.js';
import { defaultLimits } from '../../../src/actors/ports/limits.js';
import { addresses } from '../../../src/actors/addresses.js';
import type { ServerMessage } from '../../../src/actors/server/messages.js';
import type { StoreMessage } from '../../../src/actors/store/messages.js';
import { Certificates } from '../../../src/runtime/sockets/certificates.js';
import { listenForClients, type ListenerDependencies } from '../../../src/runtime/sockets/client-listener.js';
import type { Listener } from '../../../src/runtime/sockets/listener.js';
import type { MessageBus } from '../../../src/runtime/bus/message-bus.js';
import { SystemClock } from '../../../src/runtime/time/system-clock.js';
import { Turn } from '../../../src/runtime/time/turn.js';
import { Authority } from '../../support/authority.js';
import { eventually } from '../../support/eventually.js';
import { FakeActor } from '../../support/fake-actor.js';
import { strictBus } from '../../support/fake-bus.js';
import { TemporaryFolder } from '../../support/temporary-folder.js';
import { toServerId } from '../../support/fake-location.js';
import { fakeUpstream } from '../../support/fake-upstream.js';
import { sessionSettings } from '../../support/session-settings.js';

describe('listener for clients over TCP', () => {
  let bus: MessageBus;
  let listener: Listener;
  let client: Socket;
  let received: Buffer[];
  let closeReasons: string[];
  let connection: Connection | undefined;
  let store: FakeActor<StoreMessage>;

  beforeEach(async () => {
    bus = strictBus();
    closeReasons = [];
    received = [];
    const clock = new SystemClock();
    const limits = { ...defaultLimits, maxLineBytes: 256 };
    const settings = sessionSettings(bus, {
      server: toServerId('Blake'),
      limits,
      upstream: fakeUpstream,
      shared: new SharedLimits(limits, clock),
    });
    store = new FakeActor();
    bus.attach(addresses.store, store);
    bus.attach(addresses.lookup, new FakeActor());
    bus.attach(addresses.server, {
      receive: (message: ServerMessage) => {
        if (message.kind === 'connection-opened') {
          connection = new Connection(bus, clock, settings, message.connection, message.channel);
          bus.attach(addresses.connection(message.connection), connection);
        } else if (message.kind === 'connection-closed') closeReasons.push(message.reason);
      },
      stop: () => undefined,
    });
    let connections = 0;
    const nextConnection = () => (connections += 1);
    const dependencies = { bus, clock, turn: new Turn(), certificates: undefined, maxConnections: 10, nextConnection };
    listener = await listenForClients(dependencies, { owner: 'Blake (clients)', host: '127.0.0.1', port: 0 });
    client = connect({ port: listener.port, host: '127.0.0.1', allowHalfOpen: true });
    client.on('error', () => undefined);
    await once(client, 'connect');
  });

  afterEach(() => {
    connection?.stop();
    connection = undefined;
    client.destroy();
    listener.close();
  });

  function read(): void {
    client.on('data', (chunk: Buffer) => received.push(chunk));
  }

  const text = () => Buffer.concat(received).toString('latin1');

  it('[FR5] accepts commands byte by byte', async () => {
    read();
    for (const byte of 'hi\nho\n') {
      client.write(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await eventually('both answers are here', () => text() === '? hi\n? ho\n');
  });

  it('[CO1] answers many pipelined commands in order', async () => {
    read();
    const lines = Array.from({ length: 200_000 }, (_, index) => String(index));
    client.write(`${lines.join('\n')}\n`);
    const expected = `? ${lines.join('\n? ')}\n`;
    let bytes = 0;
    client.on('data', (chunk: Buffer) => (bytes += chunk.length));
    await eventually('all answers are here', () => bytes >= expected.length, 5_000);
    expect(text() === expected, 'all answers, in order').to.equal(true);
  });

  it('[CO4] stops reading from a client that does not read, and resumes when it does', async () => {
    let receivedLines = 0;
    bus.on('lines', ({ direction, lines }) => (receivedLines += direction === 'in' ? lines.length : 0));
    const block = `${'x'.repeat(200)}\n`.repeat(10_000);
    let blocks = 0;
    // Until the buffers of both ends are full and this end cannot write.
    await eventually('the server stops taking', () => {
      if (client.writableLength > 4 * block.length) return true;
      client.write(block);
      blocks += 1;
      return false;
    });
    expect(receivedLines).to.be.below(blocks * 10_000);
    let bytes = 0;
    client.on('data', (chunk: Buffer) => (bytes += chunk.length));
    await eventually('all answers are here', () => bytes === blocks * (block.length + 20_000));
    expect(receivedLines).to.equal(blocks * 10_000);
  });

  it('[CO3] answers a half-closed client, however late, and then closes', async () => {
    read();
    client.end('WHATSAT kiwi 1 1');
    // Without a line end, the line is complete only after the end of the stream.
    const question = await eventually('the question is there', () => store.received[0]);
    if (question.kind !== 'whereis') throw new Error(`asked ${question.kind}`);
    for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    bus.send(question.replyTo, { kind: 'located', requestId: question.requestId, location: undefined });
    await once(client, 'end');
    expect(text()).to.equal('? WHATSAT kiwi 1 1\n');
    await eventually('the server knows', () => closeReasons.length > 0);
    expect(closeReasons).to.deep.equal(['the client closed']);
  });

  it('[CO6] reports the reason of a lost connection', async () => {
    client.resetAndDestroy();
    await eventually('the server knows', () => closeReasons.length > 0);
    expect(closeReasons).to.deep.equal(['ECONNRESET']);
  });

  it('reports nothing of a client after destroying its connection', async () => {
    read();
    await eventually('the client is served', () => connection);
    connection?.stop();
    await once(client, 'end');
    expect(closeReasons).to.deep.equal([]);
  });
});

describe('listener for clients over TLS', () => {
  const sockets: Socket[] = [];
  let folder: TemporaryFolder;
  let certificates: Certificates;
  let listener: Listener;
  let arrived: number;

  before(async () => {
    folder = new TemporaryFolder();
    certificates = new Certificates(await (await Authority.create(folder, 'herd')).certify('Blake'));
  });
  after(() => folder.remove());

  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    listener.close();
  });

  async function begin(
    limits: Pick<ListenerDependencies, 'maxConnections' | 'tlsHandshakeTimeoutMs' | 'maxTlsHandshakes'>,
  ): Promise<void> {
    const bus = strictBus();
    arrived = 0;
    bus.attach(addresses.server, { receive: () => (arrived += 1), stop: () => undefined });
    const dependencies = {
      bus,
      clock: new SystemClock(),
      turn: new Turn(),
      certificates,
      nextConnection: () => 1,
      ...limits,
    };
    listener = await listenForClients(dependencies, { owner: 'Blake (clients)', host: '127.0.0.1', port: 0 });
  }

  async function silent(data = ''): Promise<Socket> {
    const socket = connect(listener.port, '127.0.0.1');
    socket.on('error', () => undefined).resume();
    sockets.push(socket);
    await once(socket, 'connect');
    socket.write(data, 'latin1');
    return socket;
  }

  async function client(): Promise<void> {
    const socket = connectTls({ port: listener.port, host: '127.0.0.1', rejectUnauthorized: false });
    sockets.push(socket);
    await once(socket, 'secureConnect');
  }

  it('closes connections whose handshake does not complete', async () => {
    await begin({ maxConnections: 10, tlsHandshakeTimeoutMs: 200 });
    const stalled = [await silent(), await silent('\x16\x03\x01\x02\x00\x01\x00')];
    await eventually('both are closed', () => stalled.every((socket) => socket.closed));
  });

  it('accepts a client while stalled handshakes occupy all places', async () => {
    await begin({ maxConnections: 2, maxTlsHandshakes: 5 });
    await client();
    const stalled: Socket[] = [];
    for (let count = 0; count < 20; count += 1) stalled.push(await silent());
    await client();
    await eventually('both clients have arrived', () => arrived === 2);
    await eventually('the others are closed', () => stalled.filter((socket) => socket.closed).length >= 15);
  });
});
