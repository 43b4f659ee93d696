import { expect } from 'chai';
import { connectSocket } from '../../src/client/connect.js';
import { LineConnection } from '../../src/client/line-connection.js';
import { defaultTimeoutMs } from '../support/eventually.js';
import { rejectionCode } from './rejection-code.js';
import { FakeServer } from './fake-server.js';

/** Long enough for two to wait at once. */
const shortMs = 30;

describe('LineConnection', () => {
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

  it('stays open when one command times out, whose response may still come', async () => {
    const connection = await connected(defaultTimeoutMs);
    const late = rejectionCode(connection.send('first', at(shortMs)));
    const other = connection.send('second', at(defaultTimeoutMs));
    expect(await late).to.equal('HERD_TIMEOUT');
    await server.waitForLines(2);
    server.send('to the first\nto the second\n');
    expect(await other).to.deep.equal(['to the second']);
    expect(connection.isOpen).to.equal(true);
  });

  it('closes if nothing is received for too long', async () => {
    const connection = await connected(shortMs / 2);
    const codes = [connection.send('first', at(shortMs)), connection.send('second', at(defaultTimeoutMs))].map(
      rejectionCode,
    );
    expect(await Promise.all(codes)).to.deep.equal(['HERD_TIMEOUT', 'HERD_CONNECTION_LOST']);
  });

  it('closes if no pending command is awaited any more', async () => {
    const connection = await connected(defaultTimeoutMs);
    const codes = [connection.send('first', at(shortMs)), connection.send('second', at(shortMs))].map(rejectionCode);
    expect(await Promise.all(codes)).to.deep.equal(['HERD_TIMEOUT', 'HERD_TIMEOUT']);
    expect(connection.isOpen).to.equal(false);
  });
});
