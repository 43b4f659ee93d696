import { connect } from 'node:net';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { expect } from 'chai';
import { bytesOf } from '../../../../src/protocol/text/bytes.js';
import { EventStream } from '../../../support/event-stream.js';
import { eventually } from '../../../support/eventually.js';
import { createLocation } from '../../../support/fake-location.js';
import { HerdInProcess } from '../../../support/herd-in-process.js';
import { LocationBatch } from '../../../../src/protocol/place/location-batch.js';

describe('the HTTP API', () => {
  const herd = new HerdInProcess({ links: ['Blake-Bryant'], hasHttp: true });
  const streams: EventStream[] = [];

  before(() => herd.start());
  after(async () => {
    for (const stream of streams) stream.close();
    await herd.stop();
  });

  async function get(path: string, server = 'Blake'): Promise<{ status: number; body: Record<string, unknown> }> {
    const answer = await fetch(herd.url(server, path));
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  }

  async function report(body: unknown): Promise<{ status: number; body: Record<string, unknown> }> {
    const answer = await herd.postJson('Blake', '/api/locations', body);
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  }

  async function changes(lastId?: string, query = ''): Promise<EventStream> {
    const headers = lastId === undefined ? {} : { 'last-event-id': lastId };
    const stream = await EventStream.open(herd.url('Bryant', `/api/changes${query}`), headers);
    streams.push(stream);
    return stream;
  }

  it('accepts reports by the rules of IAMAT, and returns the location of a client from any server', async () => {
    const { status, body } = await report({
      client: 'käfer',
      position: '+34.068930-118.445127',
      time: '1353118103.108893381',
    });
    expect(status).to.equal(200);
    expect(body).to.deep.include({
      client: 'käfer',
      server: 'Blake',
      position: [34.06893, -118.445127],
      time: '1353118103.108893381',
    });
    await herd.waitForAgreement(bytesOf(body['line'] as string));
    expect((await get('/api/clients/k%C3%A4fer', 'Bryant')).body).to.deep.equal(body);
    const numbers = await report({ client: 'käfer', position: [-0.0000001, 179], time: 1_353_118_104.5 });
    expect(numbers.body['line']).to.match(/ käfer -0\.0000001\+179\.0000000 1353118104\.5$/);
    expect((await report({ client: 'now', position: '+1+1' })).body['line']).to.match(/ [+-]0\.\d{9} now /);
  });

  it('responds in the common error format to invalid URLs, JSON and HTTP', async () => {
    const errorOf = async (path: string, init: RequestInit = {}) => {
      const answer = await fetch(herd.url('Blake', path), init);
      const body = (await answer.json()) as Record<string, unknown>;
      expect(Object.keys(body), path).to.deep.equal(['error']);
      return [answer.status, body['error']];
    };
    expect(await errorOf('/api/clients/no%ZZ')).to.deep.equal([
      400,
      'invalid URL: each % must be followed by two hexadecimal digits, and the decoded bytes must be UTF-8',
    ]);
    const sentence = 'body must be JSON (content-type: application/json)';
    const body = Buffer.from('{"client":"a","position":"+1+1"}');
    expect(await errorOf('/api/locations', { method: 'POST', body })).to.deep.equal([415, sentence]);
    for (const [sent, status, error] of [
      ['nonsense\r\n\r\n', 400, 'not a valid HTTP/1.1 request'],
      [`GET / HTTP/1.1\r\nHost: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'headers are too long'],
      [
        'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nhost: 127.0.0.1\r\nConnection: close\r\n\r\n',
        400,
        'more than one Host header',
      ],
    ] as const) {
      const answer = await rawAnswer(sent);
      expect(answer)
        .to.match(new RegExp(`^HTTP/1.1 ${status} `))
        .and.contain(`\r\n\r\n{"error":"${error}"}`);
    }
  });

  it('responds to a request that is followed by invalid HTTP, and then closes the connection', async () => {
    const answer = await rawAnswer('GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nnonsense\r\n\r\n');
    expect(answer)
      .to.match(/^HTTP\/1.1 200 OK\r\n/)
      .and.match(/\r\nconnection: close\r\n/i)
      .and.match(/\r\n\r\nok\n$/);
  });

  /** Returns the complete response to bytes that may not be valid HTTP. */
  async function rawAnswer(sent: string): Promise<string> {
    const socket = connect(Number(new URL(herd.url('Blake', '/')).port), '127.0.0.1');
    socket.write(sent);
    let answer = '';
    for await (const chunk of socket as AsyncIterable<Buffer>) answer += chunk.toString();
    return answer;
  }

  it('rejects HEAD for streams', async () => {
    for (const path of ['/api/changes', '/api/events']) {
      expect((await fetch(herd.url('Blake', path), { method: 'HEAD' })).status, path).to.equal(404);
    }
  });

  it('[CM6] rejects invalid input and names every problem', async () => {
    const wrong: readonly (readonly [body: unknown, says: string])[] = [
      [{ client: 'a b', position: '+1+1' }, 'one word'],
      [{ client: 'a', position: '1,1' }, 'position must be'],
      [{ client: 'a', position: [91, 0] }, 'at most 90'],
      [{ client: 'a', position: '+1+1', time: '-1' }, 'POSIX'],
      [{ client: 'a', position: '+1+1', time: '99999999999' }, 'ahead'],
      [{ client: 'a', position: '+1+1 1\nIAMAT b +1+1' }, 'position must be'],
      [{ client: 'a', position: '+1+1', time: 'noon' }, 'time must be POSIX seconds'],
      [{ client: 'x'.repeat(1_025), position: '+1+1' }, 'at most 1024 bytes'],
      [{ client: 'ä'.repeat(513), position: '+1+1' }, 'at most 1024 bytes'],
      [{ client: 'a', position: `+1.${'0'.repeat(62)}+1` }, 'position is longer than 64 bytes'],
      [{ client: 'a', position: '+1+1', time: `1.${'0'.repeat(63)}` }, 'time is longer than 64 bytes'],
      [{ client: 'a' }, 'position'],
      [{ client: 'a', position: '+1+1', colour: 1 }, 'colour'],
      ['{', 'JSON'],
    ];
    for (const [body, says] of wrong) {
      const { status, body: answer } = await report(body);
      expect(status, says).to.equal(400);
      expect(answer['error'], says).to.contain(says);
    }
    expect((await report('x'.repeat(70_000))).status).to.equal(413);
    expect((await get('/api/clients/nobody')).body).to.deep.equal({ error: 'no server knows client nobody' });
    expect((await get('/api/clients/nobody')).status).to.equal(404);
    expect((await get('/api/clients/now/near?count=101')).status).to.equal(400);
    expect((await get('/api/clients?limit=0')).status).to.equal(400);
    expect((await get('/api/nothing')).status).to.equal(404);
  });

  it('returns what is near a client', async () => {
    await report({ client: 'near', position: '+1+1' });
    const { body } = await get('/api/clients/near/near?radius=5&count=3');
    expect(body['near']).to.deep.equal({ results: [] });
    expect(body['location']).to.include({ client: 'near' });
  });

  it('lists all clients in pages and as GeoJSON', async () => {
    const names = Array.from({ length: 40 }, (_, index) => `page-${index}`);
    for (const client of names) await report({ client, position: [10, 20] });
    const seen: string[] = [];
    let after: number | null = 0;
    let size: unknown;
    for (let pages = 0; after !== null && pages < 100; pages += 1) {
      const { body } = await get(`/api/clients?limit=7&after=${after}`);
      seen.push(...(body['clients'] as { client: string }[]).map(({ client }) => client));
      after = body['next'] as number | null;
      size = body['size'];
    }
    expect(seen).to.include.members(names);
    expect([seen.length, size]).to.deep.equal([new Set(seen).size, seen.length]);
    const { body } = await get('/api/geojson');
    const features = body['features'] as { geometry: unknown; properties: { client: string } }[];
    expect(features).to.have.length(seen.length);
    const one = features.find(({ properties }) => properties.client === 'page-3');
    expect(one?.geometry).to.deep.equal({ type: 'Point', coordinates: [20, 10] });
  });

  it('streams changes, and resumes after the last one that a reader received', async () => {
    const all = await changes();
    await all.waitFor('begin');
    const only = await changes(undefined, '?client=one');
    await only.waitFor('begin');
    for (const [client, time] of [
      ['one', 1],
      ['two', 2],
      ['one', 3],
    ] as const)
      await report({ client, position: '+1+1', time });
    const is = (client: string, time: string) => (data: { client: string; time: string }) =>
      data.client === client && data.time === time;
    const second = await all.waitFor('location', is('two', '2'));
    await all.waitFor('location', is('one', '3'));
    await only.waitFor('location', is('one', '3'));
    expect(only.events.filter(({ event }) => event === 'location')).to.have.length(2);
    all.close();
    await report({ client: 'three', position: '+1+1', time: 4 });
    const resumed = await changes(second.id);
    await resumed.waitFor('location', is('three', '4'));
    expect(resumed.events.map(({ data }) => (data as { client?: string }).client)).to.deep.equal(['one', 'three']);
    for (const id of ['other-1', 'nonsense', `${second.id?.split('-')[0] ?? ''}-999999`])
      await (await changes(id)).waitFor('reset');
  });

  it('conflates changes for a slow reader', async () => {
    const { hostname, port } = new URL(herd.url('Blake', '/'));
    const reader = request({ hostname, port, path: '/api/changes' });
    reader.end();
    const [response] = (await once(reader, 'response')) as [IncomingMessage];
    response.pause();
    const bus = herd.bus('Blake');
    const rounds = 60_000;
    const locations = Array.from({ length: rounds }, (_, round) => createLocation('slow', round));
    bus.publish({ kind: 'locations-learned', batch: LocationBatch.of(locations), from: undefined });
    let text = '';
    response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    response.resume();
    await eventually('the newest', () => text.includes(`"time":"${rounds - 1}"`));
    expect(text.split('event: location').length).to.be.within(100, rounds - 1_000);
    reader.destroy();
  });

  it('limits the event streams of one address', async () => {
    const few = new HerdInProcess({
      links: ['Blake-Bryant'],
      hasHttp: true,
      settings: { limits: { maxSubscribersPerAddress: 2 } },
    });
    await few.start();
    try {
      const first = await EventStream.open(few.url('Blake', '/api/changes'));
      streams.push(first, await EventStream.open(few.url('Blake', '/api/events')));
      for (const path of ['/api/changes', '/api/events']) {
        const refused = await fetch(few.url('Blake', path));
        const error = 'too many subscriptions from this address (limit 2): close one first';
        expect([refused.status, await refused.json()]).to.deep.equal([503, { error }]);
      }
      first.close();
      await eventually('there is a place again', async () => {
        streams.push(await EventStream.open(few.url('Blake', '/api/events')));
        return true;
      });
    } finally {
      await few.stop();
    }
  });

  it('sends a list in parts, as one JSON document of the requested size', async () => {
    const client = await herd.client('Blake');
    client.send(Array.from({ length: 450 }, (_, each) => `IAMAT part-${each} +1+1 1\n`).join(''));
    await eventually('all are known', async () => ((await get('/api/clients?limit=1')).body['size'] as number) >= 450);
    const { body } = await get('/api/clients?limit=350');
    const clients = body['clients'] as { client: string }[];
    expect(clients.length).to.be.at.least(350).and.below(450);
    const rest = (await get(`/api/clients?limit=10000&after=${String(body['next'])}`)).body;
    expect(rest['next']).to.equal(null);
    const all = [...clients, ...(rest['clients'] as typeof clients)].map(({ client: id }) => id);
    expect(new Set(all).size).to.equal(all.length).and.equal(body['size']);
    const head = await fetch(herd.url('Blake', '/api/clients'), { method: 'HEAD' });
    expect([head.status, await head.text()]).to.deep.equal([200, '']);
  });

  it('is described by an OpenAPI document that is built from its schemas', async () => {
    const { body } = await get('/openapi.json');
    const paths = body['paths'] as Record<string, Record<string, { parameters: { name: string }[] }>>;
    expect(body['openapi']).to.equal('3.1.0');
    expect(Object.keys(paths)).to.have.members([
      '/',
      '/api/events',
      '/api/herd',
      '/osmand',
      '/owntracks',
      '/api/locations',
      '/api/clients',
      '/api/clients/{client}',
      '/api/clients/{client}/near',
      '/api/geojson',
      '/api/changes',
    ]);
    expect(paths['/api/clients/{client}/near']?.['get']?.parameters.map(({ name }) => name)).to.deep.equal([
      'client',
      'radius',
      'count',
    ]);
    expect(JSON.stringify(body)).to.contain('"minimum":-90');
    const geo = JSON.stringify(paths['/api/geojson']);
    expect(geo).to.contain('"200":{"description":"Success.","content":{"application/geo+json":{');
    expect((await fetch(herd.url('Blake', '/api/geojson'))).headers.get('content-type')).to.contain(
      'application/geo+json',
    );
    const resumed = paths['/api/changes']?.['get']?.parameters.find(({ name }) => name === 'Last-Event-ID');
    expect(resumed).to.include({ in: 'header', required: false });
  });
});
