import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect, Socket, type AddressInfo } from 'node:net';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { eventually } from '../../../support/eventually.js';
import { EventStream } from '../../../support/event-stream.js';
import { TemporaryFolder } from '../../../support/temporary-folder.js';
import { AccessLog } from '../../../../src/runtime/http/server/access-log.js';
import { SystemClock } from '../../../../src/runtime/time/system-clock.js';
import { strictBus } from '../../../support/fake-bus.js';
import { HerdInProcess } from '../../../support/herd-in-process.js';

const tokens = { clients: 'token-of-all-clients', phone: 'token-of-the-phone' };
const authorization = `Bearer ${tokens.clients}`;
const at = 'AT Blake \\+\\d+\\.\\d{9}';

describe('AccessLog', () => {
  const folder = new TemporaryFolder();
  const herd = new HerdInProcess({
    links: ['Blake-Bryant'],
    hasHttp: true,
    logDir: folder.path,
    settings: { auth: { clientToken: '${CLIENTS}', deviceTokens: { 'jane/phone': '${PHONE}' } } },
    environment: { CLIENTS: tokens.clients, PHONE: tokens.phone },
  });

  before(() => herd.start());
  after(async () => {
    await herd.stop();
    folder.remove();
  });

  /** Returns the HTTP lines of Blake's log, without times and ports. */
  function logged(): string[] {
    const name = readdirSync(folder.pathTo('Blake')).find((each) => !each.endsWith('.error.log')) ?? '';
    return readFileSync(folder.pathTo('Blake', name), 'latin1')
      .split('\n')
      .flatMap((line) => /^\S+ http 127\.0\.0\.1:\d+ (.*)$/.exec(line)?.[1] ?? []);
  }

  /** Sends one request and returns its two lines of the log. */
  async function linesOf(send: () => Promise<unknown>): Promise<string[]> {
    const before = logged().length;
    await send();
    return eventually('it is logged', () => {
      const lines = logged().slice(before);
      return lines.length < 2 ? undefined : lines;
    });
  }

  const post =
    (path: string, body: unknown, headers: Record<string, string> = { authorization }) =>
    () =>
      herd.postJson('Blake', path, body, headers);
  const get =
    (path: string, headers: Record<string, string> = { authorization }) =>
    () =>
      fetch(herd.url('Blake', path), { headers });

  const fix = { _type: 'location', lat: 34.07, lon: -118.44, tst: 1_353_118_103, topic: 'owntracks/joe/phone' };
  const place = '\\+34\\.07(0*)-118\\.44(0*)';

  it('logs a report as an IAMAT and its AT line, for every route', async () => {
    for (const [path, send, client] of [
      ['/owntracks', post('/owntracks', fix), 'joe/phone'],
      ['/osmand', get('/osmand?id=7&lat=34.07&lon=-118.44&timestamp=1353118103'), '7'],
      [
        '/api/locations',
        post('/api/locations', { client: 'kiwi', position: [34.07, -118.44], time: 1353118103 }),
        'kiwi',
      ],
    ] as const) {
      const [incoming, outgoing, ...more] = await linesOf(send);
      expect(incoming).to.match(new RegExp(`^in (POST|GET) ${path} IAMAT ${client} ${place} 1353118103$`));
      expect(outgoing).to.match(
        new RegExp(`^out (POST|GET) ${path} 200 answered: ${at} ${client} ${place} 1353118103$`),
      );
      expect(more).to.deep.equal([]);
    }
  });

  it('logs the client and the reason of a report that is not accepted, also of an ignored one', async () => {
    for (const [send, expected] of [
      [post('/owntracks', { ...fix, lat: 200 }), /^out POST \/owntracks 200 ignored: joe\/phone: position must be/],
      [
        post('/owntracks', { ...fix, tst: 99_999_999_999 }),
        /^out POST \/owntracks 200 ignored: joe\/phone: time must be at most 86400 s ahead/,
      ],
      [post('/owntracks', 'nonsense'), /^out POST \/owntracks 200 ignored: no location$/],
      [post('/owntracks', { ...fix, topic: 7 }), /^out POST \/owntracks 200 ignored: no device ID$/],
      [get('/osmand?id=9&lat=0&lon=0'), /^out GET \/osmand 200 ignored: 9: position is 0, 0: the phone has no fix/],
      [get('/osmand?id=9&lat=1&lon=1&timestamp=x'), /^out GET \/osmand 200 ignored: 9: invalid timestamp$/],
      [get('/osmand?id=9&lat=91&lon=1'), /^out GET \/osmand 400 invalid: 9: position must be/],
      [get('/osmand?lat=9&lon=1'), /^out GET \/osmand 400 invalid: id or deviceid is required$/],
      [get('/osmand?id=9&lat=9&lon=1', {}), /^out GET \/osmand 401 rejected: token required/],
      [
        post('/owntracks', { ...fix, topic: 'owntracks/jane/phone' }),
        /^out POST \/owntracks 401 rejected: jane\/phone: token of this device required/,
      ],
    ] as const) {
      const [incoming, outgoing, ...more] = await linesOf(send);
      expect(incoming).to.match(/^in (POST|GET) \//);
      expect(outgoing).to.match(expected);
      expect(more).to.deep.equal([]);
    }
  });

  it('logs every other request, with the reason of an error', async () => {
    expect(await linesOf(get('/api/clients/kiwi'))).to.deep.equal([
      'in GET /api/clients/kiwi',
      'out GET /api/clients/kiwi 200 answered',
    ]);
    expect(await linesOf(get('/api/clients?limit=0')))
      .to.have.length(2)
      .and.satisfy(([, out]: string[]) => {
        return /^out GET \/api\/clients 400 invalid: .*limit/.test(out ?? '');
      });
    expect(await linesOf(get('/api/herd', {}))).to.satisfy(([, out]: string[]) =>
      (out ?? '').startsWith('out GET /api/herd 401 rejected: token required'),
    );
    expect(await linesOf(get('/nothing'))).to.deep.equal([
      'in GET /nothing',
      'out GET /nothing 404 invalid: no route for GET /nothing',
    ]);
  });

  it('logs the begin and the end of a stream, and a rejected handshake', async () => {
    const stream = await EventStream.open(herd.url('Blake', '/api/changes'), { authorization });
    await eventually('its beginning is logged', () => logged().at(-1) === 'in GET /api/changes');
    stream.close();
    await eventually('its end is logged', () => logged().at(-1) === 'out GET /api/changes 200 answered');
    const refused = async () => {
      const socket = new WebSocket(herd.url('Blake', '/ws').replace('http', 'ws'));
      await once(socket, 'error');
    };
    expect(await linesOf(refused)).to.deep.equal(['in GET /ws', 'out GET /ws 401 rejected']);
  });

  it('logs an aborted request', async () => {
    const gone = async () => {
      const socket = connect(Number(new URL(herd.url('Blake', '/')).port), '127.0.0.1');
      socket.write(
        `POST /osmand?id=3 HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${authorization}\r\nContent-Length: 9\r\n\r\n`,
      );
      socket.end();
      socket.resume();
      await once(socket, 'close');
    };
    const [, outgoing] = await linesOf(gone);
    expect(outgoing).to.match(/^out POST \/osmand( 400)? (aborted|invalid)/);
  });

  it('distinguishes pipelined requests, and recognizes a response that was cut off', async () => {
    const bus = strictBus();
    const ended: string[] = [];
    bus.on('http-response', ({ text, status, outcome }) => ended.push(`${text} ${status ?? '-'} ${outcome}`));
    const journal = new AccessLog(bus, new SystemClock(), 4_096);
    const server = createServer(
      journal.wrap(({ url }, response) => {
        if (url === '/a') response.end('a');
        else response.write('begun');
      }),
    );
    const broken = new Promise<string>((resolve) => {
      server.on('clientError', (_, socket) => {
        if (socket instanceof Socket) resolve(journal.recordAborted(socket, 400, 'no HTTP'));
        socket.destroy();
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
      let received = '';
      socket.on('data', (chunk) => (received += chunk.toString()));
      socket.write('GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n');
      await eventually('the second response has begun', () => received.includes('begun'));
      socket.write('rubbish\r\n\r\n');
      expect(await broken).to.equal('answered');
      await eventually('both are published', () => ended.length === 2);
      expect(ended).to.deep.equal(['GET /a 200 answered', 'GET /b 200 aborted']);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it('escapes line ends, and redacts tokens', async () => {
    const [incoming] = await linesOf(post('/api/locations', { client: 'a\nb', position: '+1\x1b[2J+1' }));
    expect(incoming).to.equal('in POST /api/locations IAMAT a\\x0ab +1\\x1b[2J+1');
    for (const path of [
      `/osmand?id=jane/phone&lat=1&lon=1&token=${tokens.phone}`,
      `/osmand?id=jane/phone&token=${tokens.phone}`,
      `/api/herd?token=${tokens.clients}`,
      `/api/herd?${tokens.clients}`,
      `/osmand&token=${tokens.phone}`,
      `/nothing?${tokens.clients}=&%74oken=${tokens.clients}`,
      `/${tokens.clients}/nothing`,
      `/assets/${tokens.phone}`,
      `/%${tokens.clients.charCodeAt(0).toString(16)}${tokens.clients.slice(1)}`,
    ]) {
      await linesOf(get(path));
    }
    const written = readdirSync(folder.pathTo('Blake')).map((name) =>
      readFileSync(folder.pathTo('Blake', name), 'latin1'),
    );
    for (const token of Object.values(tokens)) expect(written.join('')).not.to.contain(token);
    expect(written.join('')).not.to.contain(tokens.clients.slice(1));
    expect(logged()).to.contain('in GET /osmand?id=jane/phone&***');
    expect(logged()).to.contain('in GET /***/nothing');
  });

  it('counts requests by route, not by path', async () => {
    const metrics = async () => (await get('/metrics')()).text();
    await get('/api/clients/one-of-many')();
    await get('/api/geojson')();
    const page = await eventually('it is counted', async () => {
      const text = await metrics();
      return text.includes('route="/api/geojson"') && text.includes('route="/metrics"') ? text : undefined;
    });
    const count = (name: string, labels: string) =>
      Number(new RegExp(`^${name}\\{${labels}[^}]*\\} (\\d+)$`, 'm').exec(page)?.[1]);
    expect(count('herd_http_requests_total', 'route="/osmand",outcome="ignored"')).to.equal(3);
    expect(count('herd_http_requests_total', 'route="/owntracks",outcome="ignored"')).to.equal(4);
    expect(count('herd_http_requests_total', 'route="/owntracks",outcome="rejected"')).to.equal(1);
    expect(count('herd_http_requests_total', 'route="/api/clients/:client",outcome="invalid"')).to.equal(1);
    expect(count('herd_http_requests_total', 'route="/ws",outcome="rejected"')).to.equal(1);
    expect(count('herd_http_request_duration_seconds_count', 'route="/api/locations"')).to.equal(2);
    // The duration of a stream is not measured.
    expect(count('herd_http_request_duration_seconds_count', 'route="/api/changes"')).to.equal(0);
    expect(page).not.to.contain('one-of-many').and.not.to.contain('/nothing');
  });
});
