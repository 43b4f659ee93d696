import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { HerdInProcess } from '../../../support/herd-in-process.js';

describe('the tracker routes', () => {
  const herd = new HerdInProcess({ links: ['Blake-Bryant'], hasHttp: true });

  before(() => herd.start());
  after(() => herd.stop());

  function send(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(herd.url('Blake', path), init);
  }

  async function place(client: string): Promise<unknown> {
    const answer = await send(`/api/clients/${encodeURIComponent(client)}`);
    if (answer.status !== 200) return answer.status;
    const { position, time } = (await answer.json()) as { position: unknown; time: string };
    return [position, time];
  }

  async function ownTracks(body: string, path = '/owntracks', headers: Record<string, string> = {}): Promise<void> {
    const type = { 'content-type': 'application/json', 'user-agent': 'Owntracks-Android/gms/420501001' };
    const answer = await send(path, { method: 'POST', headers: { ...type, ...headers }, body });
    expect([answer.status, await answer.text()], body.slice(0, 100)).to.deep.equal([200, '[]']);
  }

  const fix = { _type: 'location', lat: 34.07, lon: -118.44, tst: 1_353_118_103, acc: 12, tid: 'JJ', batt: 80 };
  const there = [[34.07, -118.44], '1353118103'];

  it('accept reports of OwnTracks, in every way that it identifies the client', async () => {
    await ownTracks(JSON.stringify({ ...fix, topic: 'owntracks/jane/phone' }));
    expect(await place('jane/phone')).to.deep.equal(there);
    await ownTracks(JSON.stringify(fix), '/owntracks', { 'x-limit-u': 'joe', 'x-limit-d': 'pixel 8' });
    expect(await place('joe/pixel_8')).to.deep.equal(there);
    await ownTracks(JSON.stringify(fix), '/owntracks?u=jim&d=tablet');
    expect(await place('jim/tablet')).to.deep.equal(there);
    await ownTracks(JSON.stringify(fix));
    expect(await place('JJ')).to.deep.equal(there);
  });

  it('answer OwnTracks with 200 even if a report is ignored, as it would be sent again forever', async () => {
    for (const body of [
      '',
      'nonsense',
      '[]',
      'null',
      JSON.stringify({ _type: 'waypoints', waypoints: [] }),
      JSON.stringify({ _type: 'encrypted', data: 'abc' }),
      JSON.stringify({ ...fix, lat: 200 }),
      JSON.stringify({ ...fix, tst: 99_999_999_999 }),
      JSON.stringify({ ...fix, tid: undefined }),
      // Exceeds the maximum body, and the bytes that are sent before the server reads.
      JSON.stringify({ ...fix, face: 'x'.repeat(70_000) }),
      'x'.repeat(8_000_000),
    ]) {
      await ownTracks(body);
    }
  });

  it('accept reports of OsmAnd, GPSLogger and Traccar Client before 9, as a query or as a form', async () => {
    const query = 'lat=34.07&lon=-118.44&timestamp=1353118103&speed=1.5&bearing=3&altitude=71.0&accuracy=12&batt=80';
    expect((await send(`/osmand?id=111&${query}`)).status).to.equal(200);
    expect(await place('111')).to.deep.equal(there);
    expect(await (await send(`/?id=222&${query}`, { method: 'POST' })).text()).to.equal('');
    expect(await place('222')).to.deep.equal(there);
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const body = 'deviceid=333&location=34.07,-118.44&timestamp=1353118103000';
    await send('/osmand', { method: 'POST', headers: form, body });
    expect(await place('333')).to.deep.equal([there[0], '1353118103']);
    await send('/osmand?id=444&lat=34.07&lon=-118.44&timestamp=2012-11-17T02:08:23.250Z');
    expect(await place('444')).to.deep.equal([there[0], '1353118103.25']);
    await send('/osmand?id=555&lat=34.07&lon=-118.44&timestamp=2012-11-17T03:08:23+01:00');
    expect(await place('555')).to.deep.equal([there[0], '1353118103']);
  });

  it('accept the documented address for OsmAnd, with and without further parameters', async () => {
    const docs = readFileSync(new URL('../../../../../docs/guides/tracking-apps.md', import.meta.url), 'utf8');
    const documentedPath = /OsmAnd +\| `http:\/\/HOST:12200(\S+)`/.exec(docs)?.[1] ?? '';
    expect(documentedPath).to.contain('{0}');
    // Latitude, longitude, time in milliseconds, and the dilution of precision, its altitude and its speed.
    const values = ['34.07', '-118.44', '1353118103250', '1.2', '71.0', '0.5'];
    for (const [name, more] of [
      ['jane', ''],
      ['joe', '&hdop={3}&altitude={4}&speed={5}'],
    ] as const) {
      const filled = `${documentedPath}${more}`
        .replace('NAME', name)
        .replace(/\{(\d)\}/g, (_, place) => values[Number(place)] ?? '');
      expect((await send(filled)).status).to.equal(200);
      expect(await place(name)).to.deep.equal([there[0], '1353118103.25']);
    }
  });

  it('accept reports by any method but HEAD', async () => {
    const query = 'lat=34.07&lon=-118.44&timestamp=1353118103';
    for (const [method, path] of [
      ['GET', '/?id=a1'],
      ['POST', '/?id=a2'],
      ['PUT', '/osmand?id=a3'],
      ['PATCH', '/osmand?deviceid=a4'],
      ['GET', '/?deviceid=a5'],
    ] as const) {
      const answer = await send(`${path}&${query}`, { method });
      expect([answer.status, await answer.text()], `${method} ${path}`).to.deep.equal([200, '']);
      expect(await place(/=(\w+)/.exec(path)?.[1] ?? '')).to.deep.equal(there);
    }
    for (const path of ['/osmand?id=head', '/?id=head']) {
      expect((await send(`${path}&${query}`, { method: 'HEAD' })).status).to.equal(404);
    }
    expect(await place('head')).to.equal(404);
    // Without a position or a device the page is requested; there is none here.
    for (const path of ['/?id=7', '/?lat=1&lon=1', '/?id=7&lat=1', '/']) {
      expect((await send(path)).status, path).to.equal(404);
    }
  });

  it('accept reports of Traccar Client 9', async () => {
    const body = JSON.stringify({
      location: {
        timestamp: '2012-11-17T02:08:23.000Z',
        coords: { latitude: 34.07, longitude: -118.44, accuracy: 5, speed: 1.2, heading: 30, altitude: 71 },
        is_moving: true,
        battery: { level: 0.8, is_charging: false },
      },
      device_id: '48241179',
    });
    for (const path of ['/', '/osmand']) {
      const answer = await send(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
      expect(answer.status).to.equal(200);
    }
    expect(await place('48241179')).to.deep.equal(there);
  });

  it('ignore a position of 0, 0, and reject a report without an ID', async () => {
    expect((await send('/osmand?id=666&lat=0&lon=0')).status).to.equal(200);
    expect((await send('/osmand?id=666')).status).to.equal(200);
    expect(await place('666')).to.equal(404);
    const nobody = await send('/osmand?lat=34.07&lon=-118.44');
    expect([nobody.status, await nobody.json()]).to.deep.equal([400, { error: 'id or deviceid is required' }]);
    expect((await send('/osmand?id=666&lat=91&lon=0')).status).to.equal(400);
  });

  it('reject a body that is too long', async () => {
    const answer = await send('/osmand', { method: 'POST', body: 'x'.repeat(70_000) });
    expect([answer.status, await answer.json()]).to.deep.equal([413, { error: 'body must have at most 65536 bytes' }]);
  });

  it('reject reports of pages of other origins', async () => {
    const headers = { origin: 'http://stranger.example', 'content-type': 'text/plain' };
    const answer = await send('/osmand?id=777&lat=1&lon=1', { method: 'POST', headers });
    expect(answer.status).to.equal(403);
    expect(await place('777')).to.equal(404);
  });
});
