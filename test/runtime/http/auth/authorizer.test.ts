import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { asClientId } from '../../../../src/protocol/place/ids.js';
import { Authorizer, type Principal } from '../../../../src/runtime/http/auth/authorizer.js';
import { challengeFor, readToken } from '../../../../src/runtime/http/auth/credentials.js';
import { EventStream } from '../../../support/event-stream.js';
import { TemporaryFolder } from '../../../support/temporary-folder.js';
import { HerdInProcess } from '../../../support/herd-in-process.js';

const tokens = {
  clientToken: 'token-of-all-clients',
  adminToken: 'token-of-administration',
  phone: 'token-of-the-phone',
  tablet: 'token-of-the-tablet',
};

const basic = (password: string) => `Basic ${Buffer.from(`anybody:${password}`).toString('base64')}`;
const bearer = (token: string) => `Bearer ${token}`;

describe('client tokens', () => {
  const herd = new HerdInProcess({
    links: ['Blake-Bryant'],
    hasHttp: true,
    settings: {
      auth: {
        clientToken: '${CLIENTS}',
        adminToken: '${ADMIN}',
        deviceTokens: { 'jane/phone': '${PHONE}', 7: '${TABLET}' },
      },
    },
    environment: { CLIENTS: tokens.clientToken, ADMIN: tokens.adminToken, PHONE: tokens.phone, TABLET: tokens.tablet },
  });

  before(() => herd.start());
  after(() => herd.stop());

  function ask(path: string, authorization?: string, init: RequestInit = {}): Promise<Response> {
    const headers = { ...(init.headers as Record<string, string>), ...(authorization && { authorization }) };
    return fetch(herd.url('Blake', path), { ...init, headers });
  }

  const protectedPaths = [
    '/api/herd',
    '/api/events',
    '/api/clients',
    '/api/clients/jane%2Fphone',
    '/api/clients/jane%2Fphone/near',
    '/api/geojson',
    '/api/changes',
    '/openapi.json',
    '/metrics',
  ];

  it('are required at every route with data, and others are rejected', async () => {
    const wrong = [undefined, bearer('wrong'), bearer(`${tokens.clientToken}x`), basic('wrong'), bearer(tokens.phone)];
    for (const authorization of [...wrong, `Bearer`, `Digest ${tokens.clientToken}`, 'Basic ::::']) {
      for (const path of protectedPaths) {
        const answer = await ask(path, authorization);
        expect(answer.status, `${authorization} at ${path}`).to.equal(authorization === wrong[4] ? 403 : 401);
      }
    }
    expect((await ask(`/api/herd?token=${tokens.clientToken}`)).status, 'a token in an address').to.equal(401);
  });

  it('are accepted as Bearer or as a password, and so is the admin token', async () => {
    for (const authorization of [bearer(tokens.clientToken), basic(tokens.clientToken), bearer(tokens.adminToken)]) {
      expect((await ask('/api/herd', authorization)).status).to.equal(200);
    }
    const stream = await EventStream.open(herd.url('Blake', '/api/events'), {
      authorization: bearer(tokens.clientToken),
    });
    stream.close();
  });

  it('are not required for health checks and the page', async () => {
    for (const path of ['/healthz', '/readyz']) expect((await ask(path)).status, path).to.equal(200);
    for (const path of ['/', '/nothing']) expect((await ask(path)).status, path).to.equal(404);
  });

  it('are requested with a challenge', async () => {
    const { headers } = await ask('/api/herd');
    expect(headers.get('www-authenticate')).to.equal('Bearer realm="herd", Basic realm="herd", charset="UTF-8"');
    expect(challengeFor({ accept: 'application/json' })).to.equal('Bearer realm="herd"');
  });

  it('[WS7] are required for a WebSocket handshake', async () => {
    const url = herd.url('Blake', '/ws').replace('http', 'ws');
    const inProtocol = (token: string) => ['herd', `herd.token.${Buffer.from(token).toString('base64url')}`];
    const attempts: readonly (readonly [protocols: string[], headers: Record<string, string>, status: number])[] = [
      [[], {}, 401],
      [[], { authorization: bearer('wrong') }, 401],
      [inProtocol('wrong'), {}, 401],
      [[], { authorization: bearer(tokens.phone) }, 403],
      [[], { authorization: basic(tokens.clientToken) }, 101],
      [inProtocol(tokens.clientToken), {}, 101],
    ];
    for (const [protocols, headers, status] of attempts) {
      const socket = new WebSocket(url, protocols, { headers });
      const opened = once(socket, 'open').then(() => 101);
      const refused = once(socket, 'unexpected-response').then(([, { statusCode }]) => statusCode as number);
      socket.on('error', () => undefined);
      expect(await Promise.race([opened, refused]), JSON.stringify([protocols, headers])).to.equal(status);
      if (protocols.length > 0 && status === 101) expect(socket.protocol).to.equal('herd');
      socket.terminate();
    }
  });

  const report = (client: string) => ({
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client, position: [34.07, -118.44] }),
  });
  const ownTracks = (topic: string) => ({
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ _type: 'location', lat: 34.07, lon: -118.44, topic: `owntracks/${topic}` }),
  });

  it('allow a device with its own token to report itself, and nobody else to report it', async () => {
    const { phone, tablet } = tokens;
    for (const [status, path, authorization, init] of [
      [200, '/owntracks', basic(phone), ownTracks('jane/phone')],
      [200, '/api/locations', bearer(phone), report('jane/phone')],
      [200, `/osmand?id=7&lat=1&lon=1&token=${tablet}`, undefined, {}],
      [403, '/owntracks', basic(phone), ownTracks('jane/other')],
      [403, '/api/locations', bearer(phone), report('7')],
      [403, `/osmand?id=jane/phone&lat=1&lon=1&token=${tablet}`, undefined, {}],
      [401, '/owntracks', basic('wrong'), ownTracks('jane/phone')],
      [401, '/owntracks', undefined, ownTracks('jane/phone')],
      [401, '/osmand?id=7&lat=1&lon=1', undefined, {}],
      [401, `/osmand?id=7&lat=1&lon=1&token=${tokens.clientToken}`, undefined, {}],
      [401, `/osmand?id=7&lat=1&lon=1`, bearer(tokens.clientToken), {}],
      [401, '/api/locations', bearer(tokens.clientToken), report('jane/phone')],
      [200, '/api/locations', bearer(tokens.clientToken), report('joe')],
      [200, '/api/locations', bearer(tokens.adminToken), report('jane/phone')],
    ] as const) {
      const answer = await ask(path, authorization, init);
      expect(answer.status, `${path} as ${authorization}`).to.equal(status);
    }
  });

  it('are described in the OpenAPI document', async () => {
    const { security } = (await (await ask('/openapi.json', bearer(tokens.clientToken))).json()) as {
      security: unknown;
    };
    expect(security).to.deep.equal([{ token: [] }, { password: [] }]);
  });
});

describe('device tokens without a client token', () => {
  const herd = new HerdInProcess({
    links: ['Blake-Bryant'],
    hasHttp: true,
    settings: { auth: { deviceTokens: { 7: '${TABLET}' } } },
    environment: { TABLET: tokens.tablet },
  });

  before(() => herd.start());
  after(() => herd.stop());

  it('do not restrict anything else', async () => {
    const report = (query: string) => fetch(herd.url('Blake', `/osmand?lat=1&lon=1&${query}`));
    expect((await report('id=8')).status).to.equal(200);
    expect((await report('id=7')).status).to.equal(401);
    expect((await report(`id=8&token=${tokens.tablet}`)).status).to.equal(403);
    expect((await report(`id=7&token=${tokens.tablet}`)).status).to.equal(200);
    expect((await fetch(herd.url('Blake', '/api/herd'))).status).to.equal(200);
  });

  it('keep pages of other sites from reporting by an image or a link', async () => {
    for (const [site, mode, status] of [
      ['cross-site', 'no-cors', 403],
      ['cross-site', 'navigate', 403],
      ['same-site', 'no-cors', 403],
      ['none', 'navigate', 200],
    ] as const) {
      expect(await statusFor('/osmand?id=9&lat=1&lon=1', site, mode), `${site}, ${mode}`).to.equal(status);
    }
    expect(await statusFor('/api/clients', 'cross-site', 'navigate')).to.equal(200);
  });

  /** Sends a request with the headers of a browser, which `fetch` would change. */
  async function statusFor(path: string, site: string, mode: string): Promise<number | undefined> {
    const headers = { 'sec-fetch-site': site, 'sec-fetch-mode': mode };
    const [answer] = (await once(request(herd.url('Blake', path), { headers }).end(), 'response')) as [IncomingMessage];
    answer.resume();
    return answer.statusCode;
  }
});

describe('allowed origins', () => {
  const listed = 'https://map.example';
  const folder = new TemporaryFolder();
  writeFileSync(folder.pathTo('index.html'), 'the page');
  const herd = new HerdInProcess({
    links: ['Blake-Bryant'],
    hasHttp: true,
    pageFolders: [folder.path],
    settings: { cors: { allowedOrigins: [listed] } },
  });

  before(() => herd.start());
  after(async () => {
    await herd.stop();
    folder.remove();
  });

  /** Sends a request as a browser does for a page of that origin. */
  async function ask(
    origin: string,
    path: string,
    body?: object,
  ): Promise<[status: number | undefined, cors: unknown]> {
    const site = herd.url('Blake', '/').startsWith(origin) ? 'same-origin' : 'cross-site';
    const headers = {
      origin,
      'sec-fetch-site': site,
      'sec-fetch-mode': 'cors',
      'content-type': 'application/json',
    };
    const sent = request(herd.url('Blake', path), { method: body === undefined ? 'GET' : 'POST', headers });
    const [answer] = (await once(sent.end(body && JSON.stringify(body)), 'response')) as [IncomingMessage];
    answer.destroy();
    return [answer.statusCode, answer.headers['access-control-allow-origin']];
  }

  it('may query and report, and others may not', async () => {
    const report = { client: 'kiwi', position: '+1+1' };
    for (const [path, body] of [['/api/clients'], ['/api/events'], ['/api/locations', report]] as const) {
      expect(await ask(listed, path, body), path).to.deep.equal([200, listed]);
      for (const other of ['https://map.example.org', 'http://map.example', 'null']) {
        expect(await ask(other, path, body), other).to.deep.equal([403, undefined]);
      }
    }
    const preflight = await fetch(herd.url('Blake', '/api/locations'), {
      method: 'OPTIONS',
      headers: { origin: listed },
    });
    expect(preflight.headers.get('access-control-allow-headers')).to.contain('content-type');
    const url = herd.url('Blake', '/ws').replace('http', 'ws');
    const socket = new WebSocket(url, { origin: listed });
    await once(socket, 'open');
    socket.terminate();
    const [error] = (await once(new WebSocket(url, { origin: 'https://other.example' }), 'error')) as [Error];
    expect(error.message).to.contain('403');
  });

  it('may not administer, also in development mode', async () => {
    const [status] = await ask(listed, '/api/admin', { action: 'crash', server: 'Bryant' });
    expect(status).to.equal(403);
    const own = new URL(herd.url('Blake', '/')).origin;
    expect((await ask(own, '/api/admin', { action: 'heal', link: ['Blake', 'Bryant'] }))[0]).to.equal(200);
  });

  it('are not among the servers that the page may connect to', async () => {
    const policy = async (path: string) => (await fetch(path)).headers.get('content-security-policy') ?? '';
    const sources = /connect-src ([^;]*);/.exec(await policy(herd.url('Blake', '/')))?.[1];
    // Any port: herd.yaml has `httpPort: 0`.
    expect(sources).to.equal("'self' http://127.0.0.1:* ws://127.0.0.1:*");
  });
});

describe('Authorizer.checkAdminAccess', () => {
  const none = { clientToken: undefined, adminToken: undefined, deviceTokens: new Map() };
  const nobody: Principal = { kind: 'anonymous' };
  const here = { remoteAddress: '127.0.0.1', host: '127.0.0.1:12200', isForwarded: false };

  it('allows requests from the same machine in development mode', () => {
    const access = new Authorizer(none, 'development');
    for (const [remoteAddress, host] of [
      ['127.0.0.1', 'localhost:12200'],
      ['::1', '[::1]:12200'],
      ['::ffff:127.0.0.1', '127.0.0.1'],
    ] as const) {
      expect(access.checkAdminAccess(nobody, { ...here, remoteAddress, host }), host).to.equal('allowed');
    }
  });

  it('rejects remote and forwarded requests, and other hosts', () => {
    const access = new Authorizer(none, 'development');
    for (const from of [
      { remoteAddress: '192.0.2.7' },
      { remoteAddress: '::ffff:192.0.2.7' },
      { remoteAddress: undefined },
      { host: 'evil.example:12200' },
      { host: '127.0.0.1.evil.example' },
      { host: 'localhost.evil.example' },
      { host: undefined },
      { isForwarded: true },
    ]) {
      expect(access.checkAdminAccess(nobody, { ...here, ...from }), JSON.stringify(from)).to.equal('disabled');
    }
  });

  it('allows only the admin token in production', () => {
    expect(new Authorizer(none, 'production').checkAdminAccess(nobody, here)).to.equal('disabled');
    const access = new Authorizer({ ...none, adminToken: tokens.adminToken }, 'production');
    expect(access.checkAdminAccess(nobody, here)).to.equal('token-required');
    const caller = access.authenticate(tokens.adminToken);
    expect(access.checkAdminAccess(caller, { ...here, remoteAddress: '192.0.2.7' })).to.equal('allowed');
  });

  it('requires the admin token if it is set, or else the client token if that is set', () => {
    const withToken = new Authorizer({ ...none, adminToken: tokens.adminToken }, 'development');
    expect(withToken.checkAdminAccess(nobody, here)).to.equal('token-required');
    const closed = new Authorizer({ ...none, clientToken: tokens.clientToken }, 'development');
    expect(closed.checkAdminAccess(nobody, here)).to.equal('disabled');
    expect(closed.checkAdminAccess(closed.authenticate(tokens.clientToken), here)).to.equal('allowed');
    const device: Principal = { kind: 'device', client: asClientId('7') };
    expect(new Authorizer(none, 'development').checkAdminAccess(device, here)).to.equal('disabled');
  });

  it('reads a password with colons, and returns undefined without a token', () => {
    expect(readToken({ authorization: basic('with:colons:in it') })).to.equal('with:colons:in it');
    for (const authorization of ['', 'Bearer', 'Basic', `Basic ${Buffer.from('nocolon').toString('base64')}`]) {
      expect(readToken({ authorization }), authorization).to.equal(undefined);
    }
  });
});
