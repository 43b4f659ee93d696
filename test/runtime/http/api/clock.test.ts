import { expect } from 'chai';
import { addresses } from '../../../../src/actors/addresses.js';
import { toServerId } from '../../../support/fake-location.js';
import { HerdInProcess } from '../../../support/herd-in-process.js';

describe('[PE30] a server whose clock is more than 60 s away from its neighbour', () => {
  // Heartbeats are so rare that only the test sets the clocks.
  const herd = new HerdInProcess({
    links: ['Blake-Bryant'],
    hasHttp: true,
    settings: { peers: { heartbeatMs: 60_000 } },
  });

  before(() => herd.start());
  after(() => herd.stop());

  function setOffset(offsetMs: number): void {
    for (let beats = 0; beats < 3; beats += 1) {
      herd
        .bus('Blake')
        .send(addresses.clockMonitor, { kind: 'clock-received', neighbour: toServerId('Bryant'), offsetMs });
    }
  }

  async function get(path: string): Promise<[status: number, text: string]> {
    const answer = await fetch(herd.url('Blake', path));
    return [answer.status, await answer.text()];
  }

  async function post(path: string, body: unknown): Promise<[status: number, text: string]> {
    const answer = await herd.postJson('Blake', path, body);
    return [answer.status, await answer.text()];
  }

  const reason = 'the clock differs by more than 60 s from Bryant';
  const phone = { _type: 'location', lat: 34.07, lon: -118.44, tid: 'JJ' };

  it('is not ready, and rejects reports without a time', async () => {
    setOffset(7_200_000);
    expect(await get('/readyz')).to.deep.equal([503, `not ready: ${reason}\n`]);
    const [, seen] = await get('/api/herd');
    expect(JSON.parse(seen)).to.deep.include({ ready: false, notReadyReasons: [reason] });
    expect((JSON.parse(seen) as { links: unknown[] }).links[0]).to.deep.include({ clockOffsetMs: 7_200_000 });
    expect((await get('/metrics'))[1]).to.match(/^herd_link_clock_offset_seconds\{neighbour="Bryant",.*\} 7200$/m);
    const rejection = [503, JSON.stringify({ error: `reports must include a time at present: ${reason}` })];
    expect(await get('/osmand?id=kiwi&lat=34.07&lon=-118.44')).to.deep.equal(rejection);
    expect(await post('/owntracks', phone)).to.deep.equal(rejection);
    expect(await post('/api/locations', { client: 'kiwi', position: [34, -118] })).to.deep.equal(rejection);
    expect((await get('/api/clients/kiwi'))[0]).to.equal(404);
  });

  it('accepts reports with a time, over HTTP and as IAMAT', async () => {
    setOffset(-7_200_000);
    expect((await get('/osmand?id=emu&lat=34.07&lon=-118.44&timestamp=1353118103'))[0]).to.equal(200);
    expect((await post('/owntracks', { ...phone, tst: 1_353_118_103 }))[0]).to.equal(200);
    expect((await post('/api/locations', { client: 'moa', position: [34, -118], time: 5 }))[0]).to.equal(200);
    expect(await herd.report('Blake', 'kea', 5)).to.match(/^AT Blake /);
  });

  it('is ready again when the clocks agree, and accepts reports without a time', async () => {
    setOffset(7_200_000);
    setOffset(3);
    expect(await get('/readyz')).to.deep.equal([200, 'ready\n']);
    expect((await get('/osmand?id=rhea&lat=34.07&lon=-118.44'))[0]).to.equal(200);
  });
});
