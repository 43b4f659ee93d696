import { expect } from 'chai';
import fc from 'fast-check';

import { UpstreamError } from '../../src/protocol/upstream/errors.js';
import type { HttpResponse, NearbyQuery } from '../../src/protocol/upstream/upstream.js';
import { twitterSearch } from '../../src/upstreams/twitter.js';

const twitter = twitterSearch('http://search.example');
const question: NearbyQuery = { latitude: '34.068930', longitude: '-118.445127', radiusKm: 100, count: 2 };

function requestParams(changes: Partial<NearbyQuery>): URLSearchParams {
  return new URL(twitter.request({ ...question, ...changes }).url).searchParams;
}

function response(body: string | Buffer, status = 200): HttpResponse {
  return { status, body: Buffer.from(body) };
}

describe('Twitter search: the request', () => {
  it('asks for a circle and a number of results', () => {
    expect(twitter.request(question)).to.deep.equal({
      method: 'GET',
      url: 'http://search.example/search.json?geocode=34.068930%2C-118.445127%2C100km&rpp=2',
      headers: { accept: 'application/json' },
    });
  });

  it('puts the path behind the base address, with or without a slash between', () => {
    for (const base of ['http://search.example/v1', 'http://search.example/v1/']) {
      expect(new URL(twitterSearch(base).request(question).url).pathname).to.equal('/v1/search.json');
    }
  });

  it('cuts the radius to the largest the API takes', () => {
    expect(requestParams({ radiusKm: 40_000 }).get('geocode')).to.equal('34.068930,-118.445127,2500km');
    expect(requestParams({ radiusKm: Number.MAX_VALUE }).get('geocode')).to.equal('34.068930,-118.445127,2500km');
  });

  it('asks for one result where none is wanted: nobody knows what the API does with 0', () => {
    expect(requestParams({ count: 0 }).get('rpp')).to.equal('1');
  });

  it('writes every radius in plain decimals, to the millimetre', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }), (radiusKm) => {
        const radius = requestParams({ radiusKm }).get('geocode')?.split(',')[2] ?? '';
        expect(radius).to.match(/^\d+(?:\.\d+)?km$/);
        expect(Number.parseFloat(radius)).to.be.closeTo(Math.min(radiusKm, twitter.maxRadiusKm), 1e-6);
      }),
    );
    expect(requestParams({ radiusKm: 0.00001 }).get('geocode')).to.match(/,0\.00001km$/);
  });
});

describe('Twitter search: the answer', () => {
  it('is the body on one line, its ids to the digit', () => {
    const body = '{\n  "results": [ {"id": 309107149164920832, "text": "a  b"} ],\n  "max_id": 309107149164920833\n}\n';
    expect(twitter.answer(response(body), question)).to.equal(
      '{"results":[{"id":309107149164920832,"text":"a  b"}],"max_id":309107149164920833}',
    );
  });

  it('[UP3] holds no more results than were asked for, and none for 0', () => {
    const body = response('{"results":[{"id":1},{"id":2},{"id":3}],"page":1}');
    expect(twitter.answer(body, question)).to.equal('{"results":[{"id":1},{"id":2}],"page":1}');
    expect(twitter.answer(body, { ...question, count: 0 })).to.equal('{"results":[],"page":1}');
  });

  it("relays the API's own error", () => {
    const body = '{"error":"You must enter a query."}';
    expect(twitter.answer(response(body), question)).to.equal(body);
  });

  const refused: Record<string, [HttpResponse, RegExp]> = {
    'too many requests': [response('{"error":"secret"}', 420), /too many requests \(HTTP 420\)/],
    'a refusal': [response('secret', 403), /denied access \(HTTP 403\)/],
    'an unknown address': [response('secret', 404), /no such address \(HTTP 404\)/],
    'a server in trouble': [response('secret', 503), /failed \(HTTP 503\)/],
    'a redirect': [response('secret', 302), /no answer \(HTTP 302\)/],
    'a page': [response('\n<!DOCTYPE html>secret'), /web page/],
    'half an answer': [response('{"results":["secret"'), /not valid JSON/],
    'broken UTF-8': [response(Buffer.from([0x22, 0xe9, 0x22])), /not valid JSON/],
    'an array': [response('["secret"]'), /not an object/],
    null: [response('null'), /not an object/],
  };
  for (const [name, [got, message]] of Object.entries(refused)) {
    it(`is an error for ${name}, of which nothing is quoted`, () => {
      expect(() => twitter.answer(got, question))
        .to.throw(UpstreamError, message)
        .with.property('message')
        .that.does.not.match(/secret|search\.example/);
    });
  }
});

describe('Twitter search: failure', () => {
  it("is in the API's own form, on one line, whatever the message", () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (message) => {
        const failure = twitter.failure(message);
        expect(JSON.parse(Buffer.from(failure, 'latin1').toString())).to.deep.equal({ error: message });
        expect(failure).to.not.match(/[\r\n]/);
      }),
    );
  });
});
