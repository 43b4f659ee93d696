import { expect } from 'chai';
import fc from 'fast-check';

import { UpstreamError } from '../../src/protocol/upstream/errors.js';
import type { HttpResponse, NearbyQuery } from '../../src/protocol/upstream/upstream.js';
import { googlePlacesLegacy } from '../../src/upstreams/google-places-legacy.js';

const places = googlePlacesLegacy('http://maps.example/');
const question: NearbyQuery = { latitude: '34.068930', longitude: '-118.445127', radiusKm: 10, count: 2 };

function askedRadius(radiusKm: number): string | null {
  return new URL(places.request({ ...question, radiusKm }).url).searchParams.get('radius');
}

function response(body: object | string, status = 200): HttpResponse {
  return { status, body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body, null, 3)) };
}

describe('Google Places: the request', () => {
  it('asks for a circle in metres', () => {
    expect(places.request(question)).to.deep.equal({
      method: 'GET',
      url: 'http://maps.example/maps/api/place/nearbysearch/json?location=34.068930%2C-118.445127&radius=10000',
      headers: { accept: 'application/json' },
    });
  });

  it('cuts the radius to the largest the API takes', () => {
    expect(askedRadius(50.001)).to.equal('50000');
    expect(askedRadius(Number.MAX_VALUE)).to.equal('50000');
  });

  it('writes every radius in plain decimals, to the millimetre', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 50, noNaN: true }), (radiusKm) => {
        const radius = askedRadius(radiusKm);
        expect(radius).to.match(/^\d+(?:\.\d+)?$/);
        expect(Number(radius)).to.be.closeTo(radiusKm * 1000, 0.001);
      }),
    );
    expect(askedRadius(0.57)).to.equal('570');
    expect(askedRadius(1e-12)).to.equal('0');
  });
});

describe('Google Places: the answer', () => {
  it('is the body on one line, cut to the results asked for', () => {
    const body = { html_attributions: ['é'], results: [{ name: 'a  b' }, { name: 'c' }, { name: 'd' }], status: 'OK' };
    const line = (results: object[]): string => Buffer.from(JSON.stringify({ ...body, results })).toString('latin1');
    expect(places.answer(response(body), question)).to.equal(line(body.results.slice(0, 2)));
    expect(places.answer(response(body), { ...question, count: 0 })).to.equal(line([]));
    expect(places.answer(response(body), { ...question, count: 20 })).to.equal(line(body.results));
  });

  it('may hold no results', () => {
    const body = { html_attributions: [], results: [], status: 'ZERO_RESULTS' };
    expect(places.answer(response(body), question)).to.equal(JSON.stringify(body));
  });

  it('is an error that names status and reason for any other status', () => {
    const body = { results: [{ name: 'secret' }], status: 'REQUEST_DENIED', error_message: 'The key is not valid.' };
    expect(() => places.answer(response(body), question)).to.throw(
      UpstreamError,
      /^The upstream answered with status REQUEST_DENIED: The key is not valid\.$/,
    );
    expect(() => places.answer(response({ status: 'OVER_QUERY_LIMIT' }), question)).to.throw(
      UpstreamError,
      /^The upstream answered with status OVER_QUERY_LIMIT\.$/,
    );
  });

  it('quotes no more than a sentence or two of the reason', () => {
    const body = { status: 'UNKNOWN_ERROR', error_message: 'x'.repeat(100_000) };
    expect(() => places.answer(response(body), question))
      .to.throw(UpstreamError)
      .with.property('message')
      .that.has.length.below(300);
  });

  const refused: Record<string, [HttpResponse, RegExp]> = {
    'no status': [response({ results: ['secret'] }), /without a known status/],
    'a status that is no word': [response({ status: 'secret <b>' }), /without a known status/],
    'another HTTP status': [response({ status: 'OK', results: [] }, 500), /failed \(HTTP 500\)/],
    'a page': [response('<html>secret'), /web page/],
    'half an answer': [response('{"status":"OK"'), /not valid JSON/],
    'an array': [response('[{"status":"OK"}]'), /not an object/],
  };
  for (const [name, [got, message]] of Object.entries(refused)) {
    it(`is an error for ${name}, of which nothing is quoted`, () => {
      expect(() => places.answer(got, question))
        .to.throw(UpstreamError, message)
        .with.property('message')
        .that.does.not.match(/secret|maps\.example/);
    });
  }
});

describe('Google Places: failure', () => {
  it("is in the API's own form, on one line", () => {
    expect(places.failure('Too\nslow.')).to.equal(
      String.raw`{"html_attributions":[],"results":[],"status":"UNKNOWN_ERROR","error_message":"Too\nslow."}`,
    );
  });
});
