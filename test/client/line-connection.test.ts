import { expect } from 'chai';
import { dial } from '../../src/client/connect.js';
import { LineConnection } from '../../src/client/line-connection.js';
import { patienceMs } from '../support/eventually.js';
import { codeOf } from './code-of.js';
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
    return new LineConnection(await dial({ port: server.port }, patienceMs), silentMaxMs);
  }

  function at(inMs: number): number {
    return performance.now() + inMs;
  }

  it('goes on when the time of one command is up: its answer may still come, before those of the others', async () => {
    const connection = await connected(patienceMs);
    const late = codeOf(connection.ask('first', 1, at(shortMs)));
    const other = connection.ask('second', 1, at(patienceMs));
    expect(await late).to.equal('HERD_TIMEOUT');
    await server.hears(2);
    server.say('to the first\nto the second\n');
    expect(await other).to.deep.equal(['to the second']);
    expect(connection.isOpen).to.equal(true);
  });

  it('is given up when nothing comes for too long', async () => {
    const connection = await connected(shortMs / 2);
    const codes = [connection.ask('first', 1, at(shortMs)), connection.ask('second', 1, at(patienceMs))].map(codeOf);
    expect(await Promise.all(codes)).to.deep.equal(['HERD_TIMEOUT', 'HERD_CONNECTION_LOST']);
  });

  it('is given up when nobody waits for what is still to come', async () => {
    const connection = await connected(patienceMs);
    const codes = [connection.ask('first', 1, at(shortMs)), connection.ask('second', 1, at(shortMs))].map(codeOf);
    expect(await Promise.all(codes)).to.deep.equal(['HERD_TIMEOUT', 'HERD_TIMEOUT']);
    expect(connection.isOpen).to.equal(false);
  });
});
