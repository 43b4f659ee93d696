import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:net';
import { expect } from 'chai';
import { EventStream } from '../../../support/event-stream.js';
import { eventually } from '../../../support/eventually.js';
import { HerdInProcess } from '../../../support/herd-in-process.js';

describe('POST /api/admin', () => {
  let folder: string;
  let herd: HerdInProcess;
  const token = 'token-of-administration';

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'herd-admin-'));
    herd = new HerdInProcess({ links: ['Blake-Bryant', 'Bryant-Gasol'], hasHttp: true, logDir: folder });
    await herd.start();
  });

  after(async () => {
    await herd.stop();
    await rm(folder, { recursive: true });
  });

  function ask(server: string, action: unknown, headers: Record<string, string> = {}, of = herd): Promise<Response> {
    return of.postJson(server, '/api/admin', action, headers);
  }

  async function done(server: string, action: unknown): Promise<void> {
    const answer = await ask(server, action);
    expect([answer.status, await answer.text()][0], JSON.stringify(action)).to.equal(200);
  }

  async function refused(server: string, action: unknown): Promise<[number, string]> {
    const answer = await ask(server, action);
    return [answer.status, ((await answer.json()) as { error: string }).error];
  }

  /** A link as a server reports it. */
  interface LinkView {
    readonly neighbour: string;
    readonly state: string;
    readonly reason: string;
    readonly injectedFault: unknown;
  }

  async function linkOf(server: string, neighbour: string): Promise<LinkView | undefined> {
    const { links } = (await (await fetch(herd.url(server, '/api/herd'))).json()) as { links: LinkView[] };
    return links.find((link) => link.neighbour === neighbour);
  }

  async function linkState(server: string, neighbour: string): Promise<string> {
    const { state = '', reason = '' } = (await linkOf(server, neighbour)) ?? {};
    return `${state} ${reason}`.trim();
  }

  async function logOf(server: string): Promise<string> {
    const names = (await readdir(join(folder, server))).filter((name) => !name.endsWith('.error.log')).sort();
    return readFile(join(folder, server, names.at(-1) ?? ''), 'latin1');
  }

  it('does not restart a server that is being stopped by an admin action', async () => {
    const other = new HerdInProcess({ links: ['Blake-Bryant'], hasHttp: true });
    await other.start();
    expect((await ask('Blake', { action: 'stop', server: 'Bryant' }, {}, other)).status).to.equal(200);
    const restart = ask('Blake', { action: 'restart', server: 'Bryant' }, {}, other).catch(() => undefined);
    await other.stop();
    await restart;
    await eventually('nobody serves', async () => {
      const answers = await Promise.all(
        other.servers.map((server) => fetch(other.url(server, '/healthz')).catch(() => undefined)),
      );
      return answers.every((answer) => answer === undefined);
    });
  });

  it('crashes a server, which stays down until it is restarted, and then catches up', async () => {
    const at = await herd.report('Gasol', 'kiwi', 1_353_118_103);
    await herd.waitForAgreement(at);
    const client = await herd.client('Gasol');
    await done('Gasol', { action: 'crash', server: 'Gasol' });
    expect(await client.readToEnd()).to.equal('');
    await eventually('Gasol is gone', async () => !(await fetch(herd.url('Gasol', '/healthz')).catch(() => undefined)));
    await eventually('Bryant backs off', async () => (await linkState('Bryant', 'Gasol')).startsWith('backoff'));
    expect(await logOf('Gasol')).to.match(/admin 127\.0\.0\.1:\d+: crash Gasol\n/);
    expect(await refused('Blake', { action: 'crash', server: 'Gasol' })).to.deep.equal([409, 'Gasol is down']);
    const starts = herd.startCounts.get('Gasol');
    await done('Blake', { action: 'restart', server: 'Gasol' });
    expect(herd.startCounts.get('Gasol')).to.equal((starts ?? 0) + 1);
    await herd.waitForAgreement(at);
    expect((await refused('Blake', { action: 'restart', server: 'Gasol' }))[0]).to.equal(409);
  });

  it('stops a server gracefully, and starts it again', async () => {
    await done('Bryant', { action: 'stop', server: 'Bryant' });
    await done('Blake', { action: 'restart', server: 'Bryant' });
    await eventually('the link is back', async () => (await linkState('Blake', 'Bryant')) === 'live');
  });

  it('cuts, slows and heals a link', async () => {
    await done('Gasol', { action: 'cut', link: ['Bryant', 'Blake'] });
    await eventually('it is cut', async () => (await linkState('Blake', 'Bryant')) === 'backoff cut manually');
    const at = await herd.report('Gasol', 'plum', 1_353_118_104);
    await done('Gasol', { action: 'slow', link: ['Blake', 'Bryant'], delayMs: 100 });
    await herd.waitForAgreement(at);
    const sentMs = performance.now();
    await herd.waitForAgreement(await herd.report('Bryant', 'plum', 1_353_118_105), ['Blake']);
    expect(performance.now() - sentMs).to.be.above(99);
    await done('Gasol', { action: 'heal', link: ['Blake', 'Bryant'] });
    await eventually('it is whole', async () => (await linkState('Blake', 'Bryant')) === 'live');
  });

  it('reports an injected fault at both ends of the link, also after a restart of a server', async () => {
    const reportedFaults = async () => [
      (await linkOf('Blake', 'Bryant'))?.injectedFault,
      (await linkOf('Bryant', 'Blake'))?.injectedFault,
      (await linkOf('Bryant', 'Gasol'))?.injectedFault,
    ];
    const [none, cut, slow] = [{ kind: 'none' }, { kind: 'cut' }, { kind: 'slow', delayMs: 30 }];
    await done('Gasol', { action: 'cut', link: ['Bryant', 'Blake'] });
    expect(await reportedFaults()).to.deep.equal([cut, cut, none]);
    await done('Gasol', { action: 'slow', link: ['Blake', 'Bryant'], delayMs: 30 });
    await done('Blake', { action: 'stop', server: 'Blake' });
    await done('Gasol', { action: 'restart', server: 'Blake' });
    expect(await reportedFaults()).to.deep.equal([slow, slow, none]);
    await done('Gasol', { action: 'heal', link: ['Blake', 'Bryant'] });
    expect(await reportedFaults()).to.deep.equal([none, none, none]);
    await eventually('it is whole', async () => (await linkState('Blake', 'Bryant')) === 'live');
  });

  it('raises and lowers the log level of a server', async () => {
    const isLogged = (words: string) => async () => (await logOf('Bryant')).includes(words);
    await done('Blake', { action: 'log', server: 'Bryant', level: 'info' });
    await herd.report('Bryant', 'unlogged', 1_353_118_103);
    await done('Bryant', { action: 'log', server: 'Bryant', level: 'error' });
    await done('Bryant', { action: 'log', server: 'Bryant', level: 'lines' });
    await herd.report('Bryant', 'logged', 1_353_118_103);
    await eventually('lines are logged', isLogged(' in IAMAT logged '));
    expect(await isLogged('unlogged')()).to.equal(false);
    expect(await isLogged(': log lines of Bryant')(), 'logged at the level of errors').to.equal(true);
  });

  it('rejects actions that do not fit the state', async () => {
    for (const [status, action] of [
      [400, {}],
      [400, { action: 'explode', server: 'Blake' }],
      [400, { action: 'crash', server: 'Blake', more: 1 }],
      [400, { action: 'slow', link: ['Blake', 'Bryant'], delayMs: 1e9 }],
      [404, { action: 'crash', server: 'Nobody' }],
      [404, { action: 'cut', link: ['Blake', 'Gasol'] }],
    ] as const) {
      expect((await refused('Blake', action))[0], JSON.stringify(action)).to.equal(status);
    }
  });

  it('publishes actions, also rejected ones', async () => {
    const stream = await EventStream.open(herd.url('Blake', '/api/events'));
    await done('Blake', { action: 'heal', link: ['Blake', 'Bryant'] });
    const { data } = await stream.waitFor('admin-action');
    expect(data).to.deep.include({ action: 'heal Blake-Bryant', outcome: 'accepted', reason: '' });
    await ask('Blake', {}, { 'x-forwarded-for': '192.0.2.7' });
    const { data: refusal } = await stream.waitFor(
      'admin-action',
      ({ outcome }: { outcome: string }) => outcome === 'rejected',
    );
    expect(refusal).to.have.property('reason').that.contains('administration is disabled');
    stream.close();
  });

  it('accepts only JSON by POST, from pages of the herd, with a loopback host', async () => {
    const act = { action: 'crash', server: 'Gasol' };
    for (const [status, headers] of [
      [415, { 'content-type': 'text/plain' }],
      [415, { 'content-type': 'application/x-www-form-urlencoded' }],
      [403, { origin: 'http://evil.example' }],
      [403, { origin: 'null' }],
      [403, { 'sec-fetch-site': 'cross-site' }],
      [403, { 'x-forwarded-for': '127.0.0.1' }],
      [403, { forwarded: 'for=127.0.0.1' }],
    ] as const) {
      expect((await ask('Blake', act, headers)).status, JSON.stringify(headers)).to.equal(status);
    }
    expect((await fetch(herd.url('Blake', '/api/admin'))).status).to.equal(404);
    expect((await fetch(herd.url('Blake', '/api/admin'), { method: 'POST' })).status).to.equal(415);
    expect(await statusAs('evil.example', act)).to.equal(403);
    expect(await statusAs('evil.example', act, 'http://evil.example')).to.equal(403);
    expect(await statusAs('localhost', act)).to.equal(200);
    await done('Blake', { action: 'restart', server: 'Gasol' });
  });

  /** Sends a request with another Host header, as with DNS rebinding. */
  function statusAs(name: string, action: unknown, origin?: string): Promise<number> {
    const { port } = new URL(herd.url('Blake', '/'));
    const headers = {
      host: `${name}:${port}`,
      'content-type': 'application/json',
      ...(origin && { origin: `${origin}:${port}` }),
    };
    return new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port, method: 'POST', path: '/api/admin', headers }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      })
        .on('error', reject)
        .end(JSON.stringify(action));
    });
  }

  it('rejects requests forwarded by a local proxy, such as nginx with its defaults', async () => {
    const { port } = new URL(herd.url('Blake', '/'));
    const statusOf = async (version: string): Promise<string> => {
      const body = '{"action":"log","server":"Blake","level":"lines"}';
      const headers = `Host: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`;
      const socket = connect(Number(port), '127.0.0.1');
      socket.write(`POST /api/admin HTTP/${version}\r\n${headers}\r\nConnection: close\r\n\r\n${body}`);
      let answer = '';
      for await (const chunk of socket as AsyncIterable<Buffer>) answer += chunk.toString();
      return answer.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length);
    };
    expect(await statusOf('1.0')).to.equal('403');
    expect(await statusOf('1.1')).to.equal('200');
  });

  it('is disabled in production without an admin token, and else requires it', async () => {
    const act = { action: 'cut', link: ['Blake', 'Bryant'] };
    const production = new HerdInProcess({ links: ['Blake-Bryant'], hasHttp: true, mode: 'production' });
    const guarded = new HerdInProcess({
      links: ['Blake-Bryant'],
      hasHttp: true,
      mode: 'production',
      settings: { auth: { clientToken: '${CLIENTS}', adminToken: '${ADMIN}' } },
      environment: { ADMIN: token, CLIENTS: 'token-of-all-clients' },
    });
    await Promise.all([production.start(), guarded.start()]);
    try {
      expect((await ask('Blake', act, {}, production)).status).to.equal(403);
      expect((await ask('Blake', act, { authorization: `Bearer ${token}` }, production)).status).to.equal(403);
      for (const [status, authorization] of [
        [401, ''],
        [401, 'Bearer wrong'],
        [401, 'Bearer token-of-all-clients'],
        [200, `Bearer ${token}`],
      ] as const) {
        expect((await ask('Blake', act, { authorization }, guarded)).status, authorization).to.equal(status);
      }
      const herds = [
        [production, 'disabled', ''],
        [guarded, 'token-required', 'Bearer token-of-all-clients'],
        [guarded, 'allowed', `Bearer ${token}`],
      ] as const;
      for (const [of, adminAccess, authorization] of herds) {
        const response = await fetch(of.url('Blake', '/api/herd'), { headers: { authorization } });
        expect(await response.json()).to.include({ adminAccess });
      }
    } finally {
      await Promise.all([production.stop(), guarded.stop()]);
    }
  });

  it('restarts the last server with an HTTP port by itself', async () => {
    const pair = new HerdInProcess({ links: ['Blake-Bryant'], hasHttp: true });
    await pair.start();
    try {
      await ask('Blake', { action: 'crash', server: 'Bryant' }, {}, pair);
      expect((await ask('Blake', { action: 'stop', server: 'Blake' }, {}, pair)).status).to.equal(409);
      await ask('Blake', { action: 'crash', server: 'Blake' }, {}, pair);
      await eventually('Blake is back', () => pair.startCounts.get('Blake') === 2);
      await ask('Blake', { action: 'restart', server: 'Bryant' }, {}, pair);
      expect(pair.startCounts.get('Bryant')).to.equal(2);
    } finally {
      await pair.stop();
    }
  });
});
