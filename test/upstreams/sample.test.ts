import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { expect } from 'chai';
import fc from 'fast-check';

import { textOf } from '../../src/protocol/text/bytes.js';
import type { NearbyQuery } from '../../src/protocol/upstream/upstream.js';
import { googlePlacesLegacy } from '../../src/upstreams/google-places-legacy.js';
import type { Gazetteer } from '../../src/upstreams/sample/gazetteer.js';
import { createRequestListener } from '../../src/upstreams/sample/service.js';
import { startSampleUpstream, type SampleUpstream } from '../../src/upstreams/sample/sample-upstream.js';
import { twitterSearch } from '../../src/upstreams/twitter.js';
import { greatCircleKm } from './great-circle.js';
import { SampleClient, type Nearby, type Search } from './sample-client.js';

describe('the sample upstream', () => {
  let sample: SampleUpstream;
  let client: SampleClient;
  const failures: Error[] = [];

  before(async () => {
    sample = await startSampleUpstream({ onFailure: (error) => failures.push(error) });
    client = new SampleClient(sample.url);
  });
  after(async () => {
    await sample.stop();
    expect(failures).to.deep.equal([]);
  });

  const losAngeles = { latitude: '34.068930', longitude: '-118.445127' };
  const everest = { latitude: '27.5916', longitude: '086.5640' };

  describe('as Google Places', () => {
    it('has the places of a circle, their source named', async () => {
      const {
        status,
        results,
        html_attributions: attributions,
      } = await client.nearby({
        location: '34.068930,-118.445127',
        radius: '5000',
      });
      expect(status).to.equal('OK');
      expect(results.map(({ name }) => name)).to.include('Westwood');
      for (const { place_id: id } of results) expect(id).to.match(/^sample-\d+$/);
      expect(attributions.join()).to.include('GeoNames');
    });

    it('has 20 results at most, on many lines', async () => {
      const { body } = await client.get('/maps/api/place/nearbysearch/json?location=34.07,-118.45&radius=50000');
      expect((JSON.parse(body) as Nearby).results).to.have.lengthOf(20);
      expect(body.split('\n').length).to.be.above(100);
    });

    it('cuts a radius beyond its limit', async () => {
      // Longyearbyen is the only place of Svalbard, 49.9 and 50.2 km south of these.
      expect((await client.nearby({ location: '78.672,15.64689', radius: '50000' })).status).to.equal('OK');
      expect((await client.nearby({ location: '78.675,15.64689', radius: '999999' })).status).to.equal('ZERO_RESULTS');
    });

    it('says so where there is no place', async () => {
      expect(await client.nearby({ location: '0,-140', radius: '50000' })).to.include({ status: 'ZERO_RESULTS' });
    });

    for (const parameters of [
      {},
      { location: '0,0' },
      { radius: '5' },
      { location: '0', radius: '5' },
      { location: '90.1,0', radius: '5' },
      { location: '0,0,0', radius: '5' },
      { location: '0,0', radius: '-5' },
      { location: '0,0', radius: 'five' },
    ]) {
      it(`calls ${JSON.stringify(parameters)} an invalid request`, async () => {
        const answer = await client.nearby(parameters);
        expect(answer).to.include({ status: 'INVALID_REQUEST' });
        expect(answer.results).to.deep.equal([]);
        expect(answer.error_message).to.match(/^(location|radius) must be/);
      });
    }
  });

  describe('as either', () => {
    const questions = fc.record({
      latitude: fc.oneof(fc.double({ min: -90, max: 90, noNaN: true }), fc.constantFrom(-90, 78, 90)),
      longitude: fc.oneof(fc.double({ min: -180, max: 180, noNaN: true }), fc.constantFrom(-180, 178, 180)),
      radiusKm: fc.oneof(fc.double({ min: 0, max: 2500, noNaN: true }), fc.constantFrom(0, 1, 50)),
      count: fc.nat(20),
    });

    for (const [name, upstreamOf, positionsIn] of [
      ['Twitter', twitterSearch, (json: string) => positionsOfPosts(JSON.parse(json) as Search)],
      ['Places', googlePlacesLegacy, (json: string) => positionsOfPlaces(JSON.parse(json) as Nearby)],
    ] as const) {
      it(`answers ${name} with results inside the circle, no more than asked for, always the same`, async () => {
        const { maxRadiusKm } = upstreamOf(sample.url);
        await fc.assert(
          fc.asyncProperty(questions, async ({ latitude, longitude, radiusKm, count }) => {
            const centre = { latitude: Number(latitude.toFixed(6)), longitude: Number(longitude.toFixed(6)) };
            const question: NearbyQuery = {
              latitude: latitude.toFixed(6),
              longitude: longitude.toFixed(6),
              radiusKm,
              count,
            };
            const answer = await client.queryThrough(upstreamOf, question);
            const positions = positionsIn(textOf(answer));
            expect(positions.length).to.be.at.most(count);
            for (const position of positions) {
              const limitKm = Math.min(radiusKm, maxRadiusKm);
              expect(greatCircleKm(centre, position)).to.be.at.most(limitKm + 1e-5);
            }
            expect(await client.queryThrough(upstreamOf, question)).to.equal(answer);
          }),
        );
      });
    }

    it('looks across the date line', async () => {
      // Between Beringovskiy, at 179.4 degrees east, and Egvekinot, at 179.1 degrees west.
      for (const longitude of [180, -180]) {
        const { results } = await client.search({ geocode: `64.7,${longitude},250km`, rpp: '100' });
        const places = new Set(results.map(({ text }) => text.split(',')[0]));
        expect(places).to.include('Sample post from Beringovskiy').and.include('Sample post from Egvekinot');
      }
    });

    it('looks across the pole', async () => {
      // Longyearbyen, at 15.6 degrees east, is the only place so far north.
      for (const geocode of ['88,-164.35,1540km', '90,0,1310km', '90,180,1310km']) {
        const { results } = await client.search({ geocode, rpp: '100' });
        const places = new Set(results.map(({ text }) => text.split(',')[0]));
        expect(places).to.deep.equal(new Set(['Sample post from Longyearbyen']));
      }
    });

    it('answers WHATSAT for a known client with as many posts as asked for', async () => {
      for (const place of [losAngeles, everest]) {
        const answer = await client.queryThrough(twitterSearch, { ...place, radiusKm: 100, count: 2 });
        expect((JSON.parse(textOf(answer)) as Search).results).to.have.lengthOf(2);
        expect(answer).to.not.include('\n');
      }
    });
  });

  describe('over HTTP', () => {
    it('knows two paths', async () => {
      for (const path of [
        '/',
        '/search',
        '/search.json/',
        '//',
        '/%',
        '/maps/api/place/nearbysearch/xml?location=0,0',
      ]) {
        expect(await client.get(path)).to.deep.equal({ status: 404, body: '{"error":"Not found"}' });
      }
    });

    it('takes GET alone', async () => {
      for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
        const response = await fetch(`${sample.url}/search.json?geocode=0,0,1km`, { method });
        expect(response.status).to.equal(405);
        expect(response.headers.get('allow')).to.equal('GET');
        expect(await response.json()).to.have.property('error');
      }
    });
  });
});

describe('the sample service', () => {
  it('answers 500 without a trace of why, and says why to its owner', async () => {
    const failures: Error[] = [];
    const broken = (): Gazetteer => {
      throw new Error('secret');
    };
    const server = createServer(createRequestListener(broken, (error) => failures.push(error)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;

    const response = await fetch(`http://127.0.0.1:${port}/search.json?geocode=0,0,1km`);
    expect(response.status).to.equal(500);
    expect(await response.text()).to.equal('{"error":"The sample service failed."}');
    expect(failures.map(({ message }) => message)).to.deep.equal(['secret']);
    server.close();
  });
});

describe('a process that starts the sample upstream', () => {
  it('is not kept alive by it', async () => {
    const start = new URL('../../src/upstreams/sample/sample-upstream.js', import.meta.url);
    // `--input-type` is one of the options that threads would take over.
    const script = `import { startSampleUpstream } from ${JSON.stringify(start.href)};
      await startSampleUpstream({ onFailure: (error) => { throw error; } });`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: 'inherit' });
    expect(await once(child, 'exit')).to.deep.equal([0, null]);
  });
});

function positionsOfPosts({ results }: Search): { latitude: number; longitude: number }[] {
  return results.map(({ geo }) => ({ latitude: geo.coordinates[0], longitude: geo.coordinates[1] }));
}

function positionsOfPlaces({ results }: Nearby): { latitude: number; longitude: number }[] {
  return results.map(({ geometry }) => ({ latitude: geometry.location.lat, longitude: geometry.location.lng }));
}
