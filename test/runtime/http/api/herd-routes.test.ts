import { once } from 'node:events';
import { mkdtemp, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { request, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect } from 'chai';
import { bytesOf } from '../../../../src/protocol/text/bytes.js';
import { createLocation } from '../../../support/fake-location.js';
import { EventStream } from '../../../support/event-stream.js';
import { eventually } from '../../../support/eventually.js';
import { HerdInProcess } from '../../../support/herd-in-process.js';

describe('the herd routes and the page', () => {
  let folder: string;
  let herd: HerdInProcess;
  const streams: EventStream[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'herd-page-'));
    await mkdir(join(folder, 'page', 'deep'), { recursive: true });
    await writeFile(join(folder, 'page', 'index.html'), '<!doctype html><title>Herd</title>');
    await writeFile(join(folder, 'page', 'deep', 'a.js'), 'export {};');
    await writeFile(join(folder, 'page', 'source.ts'), 'no page');
    await writeFile(join(folder, 'secret.json'), '{}');
    await symlink(join(folder, 'secret.json'), join(folder, 'page', 'link.json'));
    herd = new HerdInProcess({
      links: ['Blake-Bryant', 'Bryant-Gasol'],
      hasHttp: true,
      pageFolders: [join(folder, 'none'), join(folder, 'page')],
    });
    await herd.start();
  });

  after(async () => {
    for (const stream of streams) stream.close();
    await herd.stop();
    await rm(folder, { recursive: true });
  });

  async function events(server: string): Promise<EventStream> {
    const stream = await EventStream.open(herd.url(server, '/api/events'));
    streams.push(stream);
    return stream;
  }

  /** Requests a path without the normalization of fetch. */
  function statusOf(path: string): Promise<number> {
    const { hostname, port } = new URL(herd.url('Blake', '/'));
    return new Promise((resolve, reject) => {
      request({ hostname, port, path }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      })
        .on('error', reject)
        .end();
    });
  }

  it('returns the status of the server and its links', async () => {
    await herd.report('Gasol', 'kiwi', 1_353_118_103);
    const seen = await eventually('Bryant knows kiwi', async () => {
      const status = (await (await fetch(herd.url('Bryant', '/api/herd'))).json()) as Record<string, unknown>;
      return status['locations'] === 1 ? status : undefined;
    });
    expect(seen).to.include({ herd: 'test', server: 'Bryant', adminAccess: 'allowed', connections: 0, ready: true });
    expect(seen['upstream']).to.deep.equal({ kind: 'sample', maxCount: 100 });
    expect(seen['nats']).to.equal(null);
    expect(seen['topology']).to.deep.equal([
      ['Blake', 'Bryant'],
      ['Bryant', 'Gasol'],
    ]);
    const links = seen['links'] as { sinceMs: number; clockOffsetMs: number }[];
    expect(
      links.map(({ sinceMs, clockOffsetMs, ...link }) => ({
        ...link,
        aged: sinceMs >= 0,
        clocksAgree: Math.abs(clockOffsetMs) < 1_000,
      })),
    ).to.deep.equal(
      ['Blake', 'Gasol'].map((neighbour) => ({
        neighbour,
        state: 'live',
        retryInMs: 0,
        reason: '',
        injectedFault: { kind: 'none' },
        aged: true,
        clocksAgree: true,
      })),
    );
    const { propagationDelay, ...totals } = seen['counters'] as {
      propagationDelay: { boundsSeconds: number[]; counts: number[] };
    };
    expect(totals).to.deep.equal({ commands: 0, reports: 0, learned: 1 });
    expect(propagationDelay.counts.reduce((sum, count) => sum + count)).to.equal(1);
    expect(propagationDelay.counts).to.have.lengthOf(propagationDelay.boundsSeconds.length + 1);
    expect(seen['servers']).to.deep.equal(herd.servers.map((name) => ({ name, httpUrl: herd.url(name, '') })));
  });

  it('streams events, and is not subscribed to the bus without readers', async () => {
    const stream = await events('Blake');
    const at = await herd.report('Bryant', bytesOf('mango☂'), 5);
    const learned = await stream.waitFor('learned', ({ locations }: { locations: { client: string }[] }) =>
      locations.some(({ client }) => client === 'mango☂'),
    );
    expect(learned.data).to.deep.equal({
      from: 'Bryant',
      locations: [
        {
          client: 'mango☂',
          server: 'Bryant',
          position: [34.06893, -118.445127],
          time: '5',
          line: Buffer.from(at, 'latin1').toString(),
        },
      ],
    });
    await herd.report('Blake', 'plum', 6);
    const client = await stream.waitFor('client', ({ change }: { change: string }) => change === 'disconnected');
    expect(client.data).to.include({ transport: 'tcp', clients: 0 });
    await herd.stopServer('Gasol');
    const bryant = await events('Bryant');
    await herd.startServer('Gasol');
    await bryant.waitFor('link', ({ state }: { state: string }) => state === 'live');
  });

  it('streams the numbers of partitions, not each that moves nor its locations', async () => {
    const stream = await events('Blake');
    const bus = herd.bus('Blake');
    const [location, other] = [createLocation('kiwi', 1), createLocation('plum', 1)];
    bus.publish({ kind: 'partition', partition: 3, state: 'none' });
    bus.publish({ kind: 'location-evicted', location, reason: 'moved' });
    bus.publish({ kind: 'location-evicted', location: other, reason: 'full' });
    bus.publish({ kind: 'partitions', complete: 255, filling: 1, leaving: 0, short: 2 });
    const evicted = await stream.waitFor('evicted');
    expect(evicted.data).to.include({ client: 'plum' });
    const partitions = await stream.waitFor('partitions');
    expect(partitions.data).to.deep.equal({ complete: 255, filling: 1, leaving: 0, short: 2 });
    const kinds = stream.events.map(({ event }) => event);
    expect(kinds.filter((kind) => /evicted|partition/.test(kind))).to.deep.equal(['evicted', 'partitions']);
  });

  it('closes its streams when the server stops, and rejects requests', async () => {
    const stream = await events('Gasol');
    await herd.stopServer('Gasol');
    await stream.waitForEnd();
    await herd.startServer('Gasol');
  });

  it('serves the page, compressed and uncompressed, with an ETag', async () => {
    const page = await fetch(herd.url('Blake', '/'), { headers: { 'accept-encoding': 'identity' } });
    expect(page.headers.get('content-type')).to.equal('text/html; charset=utf-8');
    expect(page.headers.get('content-security-policy')).to.contain("default-src 'self'");
    expect(page.headers.get('x-content-type-options')).to.equal('nosniff');
    expect(await page.text()).to.contain('<title>Herd</title>');
    const tag = page.headers.get('etag') ?? '';
    const again = await fetch(herd.url('Blake', '/index.html'), { headers: { 'if-none-match': tag } });
    expect(again.status).to.equal(304);
    const packed = await new Promise<Buffer>((resolve) => {
      request(herd.url('Blake', '/deep/a.js'), { headers: { 'accept-encoding': 'gzip' } }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => resolve(Buffer.concat(chunks)));
      }).end();
    });
    expect(gunzipSync(packed).toString()).to.equal('export {};');
  });

  it('serves no file outside the page', async () => {
    for (const path of [
      '/source.ts',
      '/link.json',
      '/../secret.json',
      '/%2e%2e/secret.json',
      '/..%2fsecret.json',
      '/deep/../../secret.json',
      '/deep/%2e%2e%2f%2e%2e%2fsecret.json',
      '/etc/passwd',
      '//etc/passwd',
      '/nothing',
    ]) {
      expect(await statusOf(path), path).to.equal(404);
    }
    expect(await statusOf('/%')).to.equal(400);
  });

  it('rejects other than loopback hosts in development mode', async () => {
    const statusAs = async (of: HerdInProcess, host: string) => {
      const sent = request(of.url('Blake', '/api/clients'), { headers: { host } }).end();
      const [answer] = (await once(sent, 'response')) as [IncomingMessage];
      answer.resume();
      return answer.statusCode;
    };
    const { port } = new URL(herd.url('Blake', ''));
    expect(await statusAs(herd, `evil.example:${port}`)).to.equal(403);
    for (const host of ['localhost', '127.0.0.1', '[::1]'])
      expect(await statusAs(herd, `${host}:${port}`)).to.equal(200);
    const production = new HerdInProcess({ links: ['Blake-Bryant'], hasHttp: true, mode: 'production' });
    await production.start();
    expect(await statusAs(production, 'herd.example')).to.equal(200);
    await production.stop();
  });

  it('accepts requests of pages of the herd, and rejects those of others', async () => {
    const requestFrom = async (origin: string) => fetch(herd.url('Blake', '/api/herd'), { headers: { origin } });
    const own = await requestFrom(herd.url('Bryant', '').replace('127.0.0.1', 'localhost'));
    expect(own.status).to.equal(200);
    expect(own.headers.get('access-control-allow-origin')).to.match(/^http:\/\/localhost:/);
    for (const origin of ['http://stranger.example', 'null', 'http://127.0.0.1:1']) {
      const answer = await requestFrom(origin);
      expect([answer.status, answer.headers.get('access-control-allow-origin')]).to.deep.equal([403, null]);
      expect(await answer.json()).to.deep.equal({ error: 'cross-origin request not allowed' });
    }
  });
});
