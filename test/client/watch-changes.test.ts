import { expect } from 'chai';
import type { Change } from '../../src/client/changes.js';
import { connect, type HerdClient } from '../../src/client/herd-client.js';
import { rejectionCode } from './rejection-code.js';
import { FakeServer } from './fake-server.js';

const at = (second: number) => `AT Blake +0.000000000 kiwi +1+2 ${second}`;
const watching = (line: string) => `${line.replace('WATCH', 'WATCHING')}\n`;

describe('HerdClient.changes', () => {
  const open: (HerdClient | FakeServer)[] = [];

  afterEach(async () => {
    for (const one of open.splice(0)) await one.close();
  });

  async function pair(answer: (line: string) => string): Promise<[FakeServer, HerdClient]> {
    const server = await FakeServer.listen(answer);
    const client = await connect({ port: server.port });
    open.push(server, client);
    return [server, client];
  }

  async function next(changes: AsyncGenerator<Change, void>): Promise<string | undefined> {
    const { value } = await changes.next();
    if (value === undefined) return undefined;
    return value.kind === 'location' ? value.location.line : value.kind;
  }

  it('yields changes one by one, without keep-alive lines', async () => {
    const [server, client] = await pair((line) => `${watching(line)}${at(1)}\n`);
    const changes = client.changes('kiwi');
    expect(await next(changes)).to.equal('begin');
    expect(await next(changes)).to.equal(at(1));
    for (const part of [at(2).slice(0, 9), `${at(2).slice(9)}\nWATCHING\n`, `${at(3)}\n`]) server.send(part);
    expect([await next(changes), await next(changes)]).to.deep.equal([at(2), at(3)]);
    expect(server.receivedLines).to.deep.equal(['WATCH kiwi']);
    await changes.return();
    expect(await next(client.changes()), 'all').to.equal('begin');
    expect(server.receivedLines.at(-1)).to.equal('WATCH *');
  });

  it('reconnects, and yields a reset first', async () => {
    const [server, client] = await pair(watching);
    const changes = client.changes('kiwi');
    expect(await next(changes)).to.equal('begin');
    server.closeConnections();
    expect(await next(changes)).to.equal('reset');
    server.send(`${at(7)}\n`);
    expect(await next(changes)).to.equal(at(7));
  });

  it('ends when the client is closed or the signal aborted', async () => {
    const [, client] = await pair(watching);
    const end = new AbortController();
    const [closed, aborted] = [client.changes(), client.changes('kiwi', { signal: end.signal })];
    expect([await next(closed), await next(aborted)]).to.deep.equal(['begin', 'begin']);
    const rest = [next(closed), next(aborted)];
    end.abort();
    expect(await rest[1]).to.equal(undefined);
    client.close();
    expect(await rest[0]).to.equal(undefined);
    expect(await next(client.changes()), 'of a client that is closed').to.equal(undefined);
  });

  it('rejects an invalid client ID, and a WATCH that the server rejects', async () => {
    const [server, client] = await pair((line) => `? ${line}\n`);
    expect(await rejectionCode(client.changes('two words').next())).to.equal('HERD_INVALID_ARGUMENT');
    expect(server.receivedLines).to.deep.equal([]);
    expect(await rejectionCode(client.changes('kiwi').next())).to.equal('HERD_REJECTED');
  });
});
