import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { UpstreamError } from '../../../src/protocol/upstream/errors.js';
import type { HttpRequest } from '../../../src/protocol/upstream/upstream.js';
import { GotHttp } from '../../../src/runtime/upstream/got-http.js';
import { eventually } from '../../support/eventually.js';

const never = new AbortController().signal;
const megabyte = 1024 * 1024;

describe('GotHttp', () => {
  let http: GotHttp;
  let server: Server;
  let base: string;
  let handle: (request: IncomingMessage, response: ServerResponse) => void;
  let requests: IncomingMessage[];

  beforeEach(async () => {
    http = new GotHttp(32);
    requests = [];
    server = createServer((request, response) => {
      requests.push(request);
      handle(request, response);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  function fetch(signal = never, changes: Partial<HttpRequest> = {}) {
    const url = `${base}/search?key=secret`;
    return http.fetch({ method: 'GET', url, headers: { authorization: 'Bearer secret' }, ...changes }, signal);
  }

  /** Message of a request that must fail. It must not contain a secret. */
  async function failure(fetching: Promise<unknown>): Promise<string> {
    const error: unknown = await fetching.then(
      () => expect.fail('it did not fail'),
      (error: unknown) => error,
    );
    expect(error).to.be.instanceOf(UpstreamError);
    const { message } = error as UpstreamError;
    expect(message).to.not.match(/secret|127\.0\.0\.1|http|\d{4}/i);
    return message;
  }

  it('resolves with any status and body', async () => {
    for (const status of [200, 404, 420, 500, 503]) {
      handle = (_, response) => response.writeHead(status).end(Buffer.from([0, 0xff, 0x80]));
      const response = await fetch();
      expect(response.status).to.equal(status);
      expect([...response.body]).to.deep.equal([0, 0xff, 0x80]);
    }
    expect(requests, 'each was asked once').to.have.lengthOf(5);
  });

  it('sends method, headers and body', async () => {
    let body = '';
    handle = (request, response) => {
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => response.end());
    };
    await fetch(never, { method: 'POST', body: '{"near":1}' });
    expect(requests[0]).to.include({ method: 'POST', url: '/search?key=secret' });
    expect(requests[0]?.headers.authorization).to.equal('Bearer secret');
    expect(body).to.equal('{"near":1}');
  });

  it('decompresses the body', async () => {
    handle = (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('{"results":[]}'));
    expect((await fetch()).body.toString()).to.equal('{"results":[]}');
  });

  it('[UP10] follows no redirect, which could send a key to another host', async () => {
    handle = (_, response) => response.writeHead(302, { location: `${base}/elsewhere` }).end();
    expect((await fetch()).status).to.equal(302);
    expect(requests).to.have.lengthOf(1);
  });

  it('[UP5] accepts a body of 1 MiB and rejects a larger one', async () => {
    handle = (_, response) => response.end(Buffer.alloc(megabyte, ' '));
    expect((await fetch()).body).to.have.lengthOf(megabyte);
    for (const length of [{ 'content-length': megabyte + 1 }, {}]) {
      handle = (_, response) => response.writeHead(200, length).end(Buffer.alloc(megabyte + 1, ' '));
      expect(await failure(fetch())).to.equal('the response is too large');
    }
  });

  for (const [name, headers] of [
    ['with its length', (bytes: Buffer) => ({ 'content-length': bytes.length })],
    ['without its length', () => ({})],
  ] as const) {
    it(`[UP5] rejects a compressed body that is too large when decompressed, ${name}`, async () => {
      const bomb = gzipSync(Buffer.alloc(100 * megabyte));
      handle = (_, response) => response.writeHead(200, { 'content-encoding': 'gzip', ...headers(bomb) }).end(bomb);
      expect(await failure(fetch())).to.equal('the response is too large');
    });
  }

  it('rejects a body that is too large before its end', async () => {
    handle = (_, response) => {
      response.write(Buffer.alloc(2 * megabyte, ' '));
    };
    expect(await failure(fetch())).to.equal('the response is too large');
    await eventually('the connection is cut', () => requests[0]?.socket.destroyed);
  });

  it('aborts at once, before or during the response', async () => {
    for (const begin of [() => undefined, (response: ServerResponse) => response.writeHead(200).write('{')]) {
      requests.length = 0;
      handle = (_, response) => void begin(response);
      const controller = new AbortController();
      const fetching = failure(fetch(controller.signal));
      await eventually('the request is there', () => requests[0]);
      controller.abort('secret');
      expect(await fetching).to.match(/^the upstream cannot be reached/);
      await eventually('the connection is cut', () => requests[0]?.socket.destroyed);
    }
  });

  it('fails if the connection is refused', async () => {
    server.close();
    await once(server, 'close');
    expect(await failure(fetch())).to.equal('the upstream cannot be reached (ECONNREFUSED)');
  });

  it('fails if the response is incomplete or not HTTP', async () => {
    handle = (_, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('half');
      setImmediate(() => response.destroy());
    };
    await failure(fetch());
    handle = (request) => request.socket.end('nonsense\r\n\r\n');
    await failure(fetch());
    handle = (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('not compressed');
    await failure(fetch());
  });

  it('reveals nothing of an invalid URL', async () => {
    await failure(fetch(never, { url: 'nonsense://secret' }));
    await failure(fetch(never, { url: 'secret' }));
  });
});
