import { expect } from 'chai';
import { connect, type ConnectOptions, type HerdClient } from '../../src/client/herd-client.js';
import { freePort } from '../support/ports.js';
import { rejectionCode } from './rejection-code.js';
import { FakeServer } from './fake-server.js';

const at = 'AT Blake -0.563873386 kiwi☂ +34.068930-118.445127 1353118103.108893381';

describe('HerdClient', () => {
  const open: (HerdClient | FakeServer)[] = [];

  afterEach(async () => {
    for (const one of open.splice(0)) await one.close();
  });

  async function serve(answer?: (line: string) => string, port?: number): Promise<FakeServer> {
    const server = await FakeServer.listen(answer, port);
    open.push(server);
    return server;
  }

  async function client(port: number, options: Partial<ConnectOptions> = {}): Promise<HerdClient> {
    const made = await connect({ port, ...options });
    open.push(made);
    return made;
  }

  it('reports, and returns the location with every digit', async () => {
    const server = await serve(() => `${at}\n`);
    const herd = await client(server.port);
    expect(await herd.report('kiwi☂', '+34.068930-118.445127', '1353118103.108893381')).to.deep.equal({
      client: 'kiwi☂',
      position: { latitude: 34.06893, longitude: -118.445127 },
      time: '1353118103.108893381',
      server: 'Blake',
      skew: '-0.563873386',
      line: at,
    });
    await herd.report('a', { latitude: 1e-7, longitude: -180 }, 0.5);
    await herd.report('a', { latitude: 90, longitude: 7 }, new Date(1_000_000_000_007));
    expect(server.receivedLines).to.deep.equal([
      'IAMAT kiwi☂ +34.068930-118.445127 1353118103.108893381',
      'IAMAT a +0.0000001-180.0000000 0.5',
      'IAMAT a +90.0000000+7.0000000 1000000000.007',
    ]);
  });

  it('resolves pipelined commands with their own responses', async () => {
    const server = await serve();
    const herd = await client(server.port);
    const [near, report, unknown] = [
      herd.nearby('kiwi☂', 2.5, 3),
      herd.report('b', '+1+1', '1'),
      herd.nearby('c', 0, 0),
    ];
    await server.waitForLines(3);
    const bytes = `${at}\n{"id":309107149164920832}\nAT Blake +0.000000000 b +1+1 1\n? WHATSAT c 0 0\n`;
    for (const part of bytes.match(/.{1,7}|\n/gsu) ?? []) server.send(part);
    expect(server.receivedLines[0]).to.equal('WHATSAT kiwi☂ 2.5 3');
    expect((await near)?.json).to.equal('{"id":309107149164920832}');
    expect((await near)?.location.line).to.equal(at);
    expect((await near)?.answer).to.have.property('id');
    expect((await report).client).to.equal('b');
    await server.waitForLines(4);
    server.send('? WHATSAT c 0 0\n');
    expect(await unknown).to.equal(undefined);
  });

  it('distinguishes an unknown client from a query that the server rejects', async () => {
    const server = await serve((line) => (line.endsWith(' 0 0') ? `${at}\n{}\n` : `? ${line}\n`));
    const herd = await client(server.port);
    expect(await rejectionCode(herd.nearby('kiwi', 1, 101))).to.equal('HERD_REJECTED');
    expect(await rejectionCode(herd.report('kiwi', '+1+1', '999999999999'))).to.equal('HERD_REJECTED');
    expect((await herd.where('kiwi'))?.server).to.equal('Blake');
  });

  it('rejects invalid arguments without sending anything', async () => {
    const server = await serve(() => `${at}\n`);
    const herd = await client(server.port);
    const wrong = [
      herd.report('two words', '+1+1'),
      herd.report('', '+1+1'),
      herd.report('line\nIAMAT', '+1+1'),
      herd.report('a', { latitude: 90.1, longitude: 0 }),
      herd.report('a', { latitude: NaN, longitude: 0 }),
      herd.report('a', '34.1 118.2'),
      herd.report('a', '+1+1', -1),
      herd.report('a', '+1+1', new Date(NaN)),
      herd.nearby('a', -1, 1),
      herd.nearby('a', Infinity, 1),
      herd.nearby('a', 1, 1.5),
    ];
    for (const promise of wrong) expect(await rejectionCode(promise)).to.equal('HERD_INVALID_ARGUMENT');
    await herd.report('a', '+1+1', '1');
    expect(server.receivedLines).to.deep.equal(['IAMAT a +1+1 1']);
  });

  it('rejects pending commands when the connection is lost, and reconnects for the next one', async () => {
    const server = await serve();
    const herd = await client(server.port);
    const waiting = [herd.report('a', '+1+1', '1'), herd.where('b')].map(rejectionCode);
    await server.waitForLines(2);
    const { port } = server;
    await server.close();
    expect(await Promise.all(waiting)).to.deep.equal(['HERD_CONNECTION_LOST', 'HERD_CONNECTION_LOST']);
    const later = [herd.report('a', '+1+1', '2'), herd.report('a', '+1+1', '3')];
    const back = await serve(() => `${at}\n`, port);
    await Promise.all(later);
    expect(back.receivedLines).to.have.members(['IAMAT a +1+1 2', 'IAMAT a +1+1 3']);
    expect(back.connections).to.equal(1);
  });

  it('rejects a command after its timeout, connected or not', async () => {
    const server = await serve();
    const herd = await client(server.port, { timeoutMs: 200 });
    expect(await rejectionCode(herd.where('a'))).to.equal('HERD_TIMEOUT');
    await server.close();
    expect(await rejectionCode(herd.where('a'))).to.equal('HERD_UNREACHABLE');
    expect(await rejectionCode(connect({ port: await freePort() }))).to.equal('HERD_UNREACHABLE');
  });

  it('closes the connection on an unexpected response', async () => {
    const server = await serve(() => 'HTTP/1.1 400 Bad Request\n');
    const herd = await client(server.port);
    expect(await rejectionCode(herd.report('a', '+1+1', '1'))).to.equal('HERD_PROTOCOL_ERROR');
    expect(await rejectionCode(herd.nearby('a', 1, 1))).to.equal('HERD_PROTOCOL_ERROR');
    const slow = await serve();
    const other = await client(slow.port);
    const pending = rejectionCode(other.where('a'));
    await slow.waitForLines(1);
    slow.send('? WHATSAT a 0 0\nmore\n');
    expect(await pending).to.equal('resolved');
    const next = other.where('a');
    await slow.waitForLines(2);
    slow.send('? WHATSAT a 0 0\n');
    await next;
    expect(slow.connections).to.equal(2);
  });

  it('rejects all commands once it is closed', async () => {
    const server = await serve();
    const herd = await client(server.port);
    const waiting = rejectionCode(herd.where('a'));
    await server.waitForLines(1);
    herd.close();
    expect(await waiting).to.equal('HERD_CLOSED');
    expect(await rejectionCode(herd.where('a'))).to.equal('HERD_CLOSED');
  });
});
