import { expect } from 'chai';
import { connectSocket } from '../../src/client/connect.js';
import { LineConnection } from '../../src/client/line-connection.js';
import { defaultTimeoutMs } from '../support/eventually.js';
import { rejectionCode } from './rejection-code.js';
import { FakeServer } from './fake-server.js';

/** Long enough for two to wait at once. */
const shortMs = 30;

describe('a connection to a server', () => {
  let server: FakeServer;

  beforeEach(async () => {
    server = await FakeServer.listen();
  });

  afterEach(() => server.close());

  async function connected(silentMaxMs: number): Promise<LineConnection> {
    return new LineConnection(await connectSocket({ port: server.port }, defaultTimeoutMs), silentMaxMs);
  }

  function at(inMs: number): number {
    return performance.now() + inMs;
  }

  it('goes on when the time of one command is up: its answer may still come, before those of the others', async () => {
    const connection = await connected(defaultTimeoutMs);
    const late = rejectionCode(connection.send('first', 1, at(shortMs)));
    const other = connection.send('second', 1, at(defaultTimeoutMs));
    expect(await late).to.equal('HERD_TIMEOUT');
    await server.waitForLines(2);
    server.send('to the first\nto the second\n');
    expect(await other).to.deep.equal(['to the second']);
    expect(connection.isOpen).to.equal(true);
  });

  it('is given up when nothing comes for too long', async () => {
    const connection = await connected(shortMs / 2);
    const codes = [connection.send('first', 1, at(shortMs)), connection.send('second', 1, at(defaultTimeoutMs))].map(
      rejectionCode,
    );
    expect(await Promise.all(codes)).to.deep.equal(['HERD_TIMEOUT', 'HERD_CONNECTION_LOST']);
  });

  it('is given up when nobody waits for what is still to come', async () => {
    const connection = await connected(defaultTimeoutMs);
    const codes = [connection.send('first', 1, at(shortMs)), connection.send('second', 1, at(shortMs))].map(
      rejectionCode,
    );
    expect(await Promise.all(codes)).to.deep.equal(['HERD_TIMEOUT', 'HERD_TIMEOUT']);
    expect(connection.isOpen).to.equal(false);
  });
});
