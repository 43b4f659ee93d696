import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { changes, type Change } from '../../src/client/changes.js';

const at = (client: string) => `AT Blake +0.000000001 ${client} +1+2 3`;
const location = (id: string, client: string) =>
  `id: ${id}\nevent: location\ndata: ${JSON.stringify({ client, line: at(client) })}\n\n`;

describe('changes', () => {
  let server: Server;
  let url: string;
  const requests: IncomingMessage[] = [];
  let answer: (response: ServerResponse, attempt: number) => void;

  beforeEach(async () => {
    requests.length = 0;
    server = createServer((request, response) => {
      requests.push(request);
      answer(response, requests.length);
    }).listen({ host: '127.0.0.1', port: 0 });
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  async function next(following: AsyncGenerator<Change, void>): Promise<string> {
    const { value } = await following.next();
    if (value === undefined) return 'the end';
    return value.kind === 'location' ? value.location.client : value.kind;
  }

  it('resumes on a new connection, and yields a reset if changes were missed', async () => {
    answer = (response, attempt) => {
      if (attempt === 2) return void response.writeHead(503).end();
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      if (attempt === 1)
        response.end(`retry: 1000\n\nid: r-0\nevent: begin\ndata: {}\n\n:\n\n${location('r-1', 'kiwi☂')}`);
      else response.write(`id: s-0\nevent: reset\ndata: {}\n\nevent: other\ndata: {}\n\n${location('s-1', 'moa')}`);
    };
    const following = changes(url, { client: 'kiwi☂ &', token: 'one' });
    expect([await next(following), await next(following)]).to.deep.equal(['begin', 'kiwi☂']);
    expect([await next(following), await next(following)]).to.deep.equal(['reset', 'moa']);
    expect(requests.map(({ headers }) => headers['last-event-id'])).to.deep.equal([undefined, 'r-1', 'r-1']);
    expect(requests.map(({ headers }) => headers.authorization)).to.deep.equal([
      'Bearer one',
      'Bearer one',
      'Bearer one',
    ]);
    expect(requests[0]?.url).to.equal('/api/changes?client=kiwi%E2%98%82+%26');
    const closed = once(requests[2]?.socket ?? server, 'close');
    await following.return();
    await closed;
  });

  it('ends when it is aborted while waiting', async () => {
    answer = (response) => void response.writeHead(200).write('event: begin\ndata: {}\n\n');
    const stop = new AbortController();
    const following = changes(url, { signal: stop.signal });
    expect(await next(following)).to.equal('begin');
    const waiting = next(following);
    stop.abort();
    expect(await waiting).to.equal('the end');
  });

  it('rejects a response that is not a change stream', async () => {
    answer = (response) => void response.writeHead(404).end();
    const error = await changes(url)
      .next()
      .catch((thrown: unknown) => thrown);
    expect(error).to.include({
      code: 'HERD_PROTOCOL_ERROR',
      message: `${url}/api/changes: unexpected HTTP status 404`,
    });
  });
});
