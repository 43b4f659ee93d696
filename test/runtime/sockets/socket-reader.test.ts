import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { connect as connectTls, TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { readSocket, toReadBuffer } from '../../../src/runtime/sockets/socket-reader.js';
import type { WordBuffer } from '../../../src/protocol/text/word-buffer.js';
import { Authority } from '../../support/authority.js';
import { eventually } from '../../support/eventually.js';
import { TemporaryFolder } from '../../support/temporary-folder.js';

const host = '127.0.0.1';

/** What a socket was read. */
class Reading {
  readonly chunks: string[] = [];
  readonly buffers = new Set<WordBuffer>();

  constructor(readonly socket: Socket) {
    readSocket(socket, (buffer, bytes) => {
      this.buffers.add(buffer);
      this.chunks.push(buffer.text(0, bytes));
    });
  }

  get text(): string {
    return this.chunks.join('');
  }

  /** Waits until as many bytes have been read. */
  async waitFor(bytes: number): Promise<void> {
    await eventually(`${bytes} bytes have been read`, () => this.text.length >= bytes);
  }
}

/** Whether a socket has emitted `data` from now on. */
function spyOnData(socket: Socket): () => boolean {
  let isEmitted = false;
  const emit = socket.emit.bind(socket) as (name: string | symbol, ...values: unknown[]) => boolean;
  socket.emit = (name: string | symbol, ...values: unknown[]) => {
    if (name === 'data') isEmitted = true;
    return emit(name, ...values);
  };
  return () => isEmitted;
}

describe('readSocket', () => {
  let server: Server;
  let clients: Socket[];

  beforeEach(async () => {
    clients = [];
    server = createServer({ pauseOnConnect: true }).listen(0, host);
    await once(server, 'listening');
  });

  afterEach(() => {
    for (const client of clients) client.destroy();
    server.close();
  });

  /** Connects a client; returns both ends. */
  async function open(): Promise<{ readonly client: Socket; readonly accepted: Socket }> {
    const accepting = once(server, 'connection') as Promise<[Socket]>;
    const client = connect({ host, port: (server.address() as AddressInfo).port, allowHalfOpen: true });
    clients.push(client);
    const [accepted] = await accepting;
    accepted.on('error', () => undefined);
    return { client, accepted };
  }

  it('reads plain TCP into one buffer for all sockets, without `data` events', async () => {
    const ends = [await open(), await open()];
    const isEmitted = ends.map(({ accepted }) => spyOnData(accepted));
    const readings = ends.map(({ accepted }) => new Reading(accepted));
    ends.forEach(({ client }, index) => client.write(`line of ${index}\n`));
    for (const reading of readings) await reading.waitFor(10);
    expect(readings.map(({ text }) => text)).to.deep.equal(['line of 0\n', 'line of 1\n']);
    expect(isEmitted.map((has) => has())).to.deep.equal([false, false]);
    expect(new Set(readings.flatMap(({ buffers }) => [...buffers])).size).to.equal(1);
  });

  it('keeps the bytes of sockets that send at the same time apart, and in order', async () => {
    const ends = [await open(), await open(), await open()];
    const readings = ends.map(({ accepted }) => new Reading(accepted));
    const sent = ends.map((_, index) => `line of ${index}\n`.repeat(50_000));
    ends.forEach(({ client }, index) => client.write(sent[index] ?? ''));
    for (const [index, reading] of readings.entries()) {
      await reading.waitFor(500_000);
      expect(reading.text === sent[index], `all of ${index}`).to.equal(true);
    }
  });

  it('reads nothing while the socket is paused, and goes on when it is resumed', async () => {
    const { client, accepted } = await open();
    const reading = new Reading(accepted);
    client.write('first');
    await reading.waitFor(5);
    accepted.pause();
    client.write(' second');
    const other = await open();
    const otherReading = new Reading(other.accepted);
    other.client.write('a round trip later');
    await otherReading.waitFor(18);
    expect(reading.text).to.equal('first');
    accepted.resume();
    await reading.waitFor(12);
    expect(reading.text).to.equal('first second');
  });

  it('can be paused by the receiver of a chunk', async () => {
    const { client, accepted } = await open();
    let bytes = 0;
    let chunks = 0;
    readSocket(accepted, (_, length) => {
      chunks += 1;
      bytes += length;
      accepted.pause();
      setImmediate(() => accepted.resume());
    });
    client.write('x'.repeat(300_000));
    await eventually('all has been read', () => bytes === 300_000);
    expect(chunks).to.be.at.least(Math.ceil(300_000 / 65_536));
  });

  it('reports the end of the stream behind its last bytes, and its close', async () => {
    const { client, accepted } = await open();
    const reading = new Reading(accepted);
    const read: string[] = [];
    accepted.on('end', () => read.push(`end after ${reading.text}`));
    accepted.on('close', () => read.push('close'));
    client.end('last line');
    await eventually('the socket is closed', () => read.includes('close'));
    expect(read).to.deep.equal(['end after last line', 'close']);
  });

  it('copies the chunks of TLS, whose handle reads encrypted bytes', async () => {
    const folder = new TemporaryFolder();
    try {
      const { cert, key, ca } = await (await Authority.create(folder, 'authority')).certify('Blake');
      const { client, accepted } = await open();
      const secured = new TLSSocket(accepted, { isServer: true, cert: readFileSync(cert), key: readFileSync(key) });
      const isEmitted = spyOnData(secured);
      const reading = new Reading(secured);
      const securedClient = connectTls({ socket: client, ca: readFileSync(ca), servername: 'Blake' });
      clients.push(securedClient);
      securedClient.write('secret line\n');
      await reading.waitFor(12);
      expect(reading.text).to.equal('secret line\n');
      expect(isEmitted()).to.equal(true);
    } finally {
      folder.remove();
    }
  });
});

describe('toReadBuffer', () => {
  it('copies chunks to one buffer, and longer ones to buffers of their own', () => {
    const first = toReadBuffer(Buffer.from('first'));
    expect(first.text(0, 5)).to.equal('first');
    expect(toReadBuffer(Buffer.from('2nd'))).to.equal(first);
    expect(first.text(0, 3)).to.equal('2nd');
    const long = toReadBuffer(Buffer.alloc(70_000, 'x'));
    expect(long).to.not.equal(first);
    expect(long.text(0, 70_000)).to.equal('x'.repeat(70_000));
  });
});
