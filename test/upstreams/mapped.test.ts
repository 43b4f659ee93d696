import { expect } from 'chai';
import type { NearbyQuery, Upstream } from '../../src/protocol/upstream/upstream.js';
import { googlePlaces } from '../../src/upstreams/google-places.js';
import { Secret } from '../../src/upstreams/secret.js';
import { wikipediaNearby } from '../../src/upstreams/wikipedia.js';
import { xSearch } from '../../src/upstreams/x.js';

/* What is asked of APIs that speak in a form of their own, and what becomes of their answers: to the byte. */

const key = new Secret('the-key-0123456789');
const question: NearbyQuery = { latitude: '34.068930', longitude: '-018.445127', radiusKm: 10.5, count: 2 };

function answerOf(upstream: Upstream, body: object, changes: Partial<NearbyQuery> = {}): string {
  const response = { status: 200, body: Buffer.from(JSON.stringify(body)), tookMs: 123.4 };
  return Buffer.from(upstream.answer(response, { ...question, ...changes }), 'latin1').toString();
}

describe('the X API', () => {
  const x = xSearch({ baseUrl: 'https://api.example/', key, fieldsParameter: 'post.fields' });
  const post = {
    id: '1859900000000000001',
    text: 'hi &amp; bye',
    author_id: '1234567890123456789',
    created_at: '2026-11-20T10:00:00.000Z',
    lang: 'und',
    source: '<b>"app"</b>',
    geo: { coordinates: { type: 'Point', coordinates: [-118.44, 34.07] } },
  };
  const user = {
    id: '1234567890123456789',
    name: 'A B',
    username: 'ab',
    location: 'LA',
    profile_image_url: 'https://i.example/a.png',
  };

  it('is asked for a circle in kilometres, longitude first, and for no fewer posts than it gives', () => {
    const { url, headers, method } = x.request(question);
    const { origin, pathname, searchParams } = new URL(url);
    expect([method, origin + pathname]).to.deep.equal(['GET', 'https://api.example/2/tweets/search/recent']);
    expect(headers).to.deep.equal({ accept: 'application/json', authorization: 'Bearer the-key-0123456789' });
    expect(Object.fromEntries(searchParams)).to.deep.equal({
      query: 'point_radius:[-18.445127 34.068930 10.5km]',
      max_results: '10',
      'post.fields': 'created_at,author_id,geo,lang,source',
      expansions: 'author_id,geo.place_id',
      'user.fields': 'name,username,profile_image_url,location',
      'place.fields': 'full_name,geo,place_type',
    });
    const large = new URL(x.request({ ...question, radiusKm: 100, count: 77 }).url).searchParams;
    expect(large.get('query')).to.match(/ 40km\]$/);
    expect(large.get('max_results')).to.equal('77');
    expect(x.units?.({ ...question, count: 77 })).to.equal(77);
    expect(x.units?.(question)).to.equal(10);
  });

  it('is answered as the Search API 1.0 did: its fields in its order, ids to the digit', () => {
    const meta = { newest_id: post.id, oldest_id: post.id, result_count: 1 };
    expect(answerOf(x, { data: [post], includes: { users: [user] }, meta })).to.equal(
      '{"results":[{"from_user_id_str":"1234567890123456789","profile_image_url":"https://i.example/a.png",' +
        '"created_at":"Fri, 20 Nov 2026 10:00:00 +0000","from_user":"ab","from_user_name":"A B","location":"LA",' +
        '"id_str":"1859900000000000001","metadata":{"result_type":"recent"},"to_user_id":null,"text":"hi &amp; bye",' +
        '"id":1859900000000000001,"from_user_id":1234567890123456789,' +
        '"geo":{"type":"Point","coordinates":[34.07,-118.44]},"iso_language_code":"en","to_user_id_str":null,' +
        '"source":"&lt;b&gt;&quot;app&quot;&lt;/b&gt;"}],"max_id":1859900000000000001,"since_id":0,' +
        '"refresh_url":"?since_id=1859900000000000001&geocode=34.068930%2C-018.445127%2C10.5km&q=",' +
        '"results_per_page":2,"page":1,"completed_in":0.123,"since_id_str":"0",' +
        '"max_id_str":"1859900000000000001","query":""}',
    );
  });

  it('says what was cut, and that there is more', () => {
    const data = ['3', '2', '1'].map((id) => ({ ...post, id }));
    const more = { data, meta: { newest_id: '3', next_token: 'b26v' } };
    const answer = answerOf(x, more, { radiusKm: 41 });
    expect(answer).to.include('"next_page":"?page=2&max_id=3&rpp=2&geocode=');
    expect(answer).to.include('"completed_in":0.123,"warning":"adjusted radius to 40km","since_id_str"');
    expect(answerOf(x, { data, meta: {} }, { count: 3 })).to.not.include('next_page');
    expect(answerOf(x, { data, meta: {} })).to.include('next_page');
  });

  it('is well when it finds nothing, and when a post is without what posts mostly have', () => {
    expect(answerOf(x, { meta: { result_count: 0 } })).to.match(/^\{"results":\[\],"max_id":0,/);
    const bare = answerOf(x, { data: [{ id: '7', text: 'x' }, { id: '07', text: 'x' }, { id: 8 }, null], meta: {} });
    expect(JSON.parse(bare)).to.have.property('results').with.lengthOf(1);
    expect(bare).to.include('"created_at":""').and.to.include('"geo":null').and.to.include('"from_user_id":0');
  });
});

describe('Google Places (New)', () => {
  const places = googlePlaces('https://places.example', key);

  it('is asked for a circle in metres, in JSON, and only for what is not dear', () => {
    expect(places.request(question)).to.deep.equal({
      method: 'POST',
      url: 'https://places.example/v1/places:searchNearby',
      headers: {
        accept: 'application/json',
        'content-type': 'application/json',
        'x-goog-api-key': 'the-key-0123456789',
        'x-goog-fieldmask':
          'places.id,places.displayName,places.location,places.types,places.businessStatus,' +
          'places.shortFormattedAddress,places.attributions',
      },
      body:
        '{"maxResultCount":2,"rankPreference":"DISTANCE","locationRestriction":{"circle":' +
        '{"center":{"latitude":34.068930,"longitude":-18.445127},"radius":10500}}}',
    });
    expect(places.request({ ...question, radiusKm: 51, count: 0 }).body).to.match(/:1,.*"radius":50000\}/);
    expect(places.request({ ...question, radiusKm: 0 }).body).to.match(/"radius":1\}/);
  });

  it('is answered as the legacy API is', () => {
    const place = {
      id: 'ChIJ1',
      types: ['bar'],
      location: { latitude: 34.07, longitude: -118.44 },
      businessStatus: 'OPERATIONAL',
      displayName: { text: 'Café', languageCode: 'fr' },
      shortFormattedAddress: '1 Main St',
      attributions: [{ provider: 'A & B', providerUri: 'https://ab.example/?a="' }, { provider: 'C' }],
    };
    const bare = { id: 'ChIJ2', location: { latitude: 1, longitude: 2 }, displayName: { text: 'Bare' } };
    expect(answerOf(places, { places: [place, bare, place] }, { radiusKm: 60 })).to.equal(
      '{"html_attributions":["<a href=\\"https://ab.example/?a=&quot;\\">A &amp; B</a>","C"],' +
        '"info_messages":["adjusted radius to 50km"],"results":[' +
        '{"business_status":"OPERATIONAL","geometry":{"location":{"lat":34.07,"lng":-118.44}},"name":"Café",' +
        '"place_id":"ChIJ1","types":["bar"],"vicinity":"1 Main St"},' +
        '{"geometry":{"location":{"lat":1,"lng":2}},"name":"Bare","place_id":"ChIJ2","types":[]}],"status":"OK"}',
    );
  });

  it('is well when it finds nothing', () => {
    expect(answerOf(places, {})).to.equal('{"html_attributions":[],"results":[],"status":"ZERO_RESULTS"}');
  });
});

describe('Wikipedia', () => {
  const wikipedia = wikipediaNearby('https://de.wikipedia.example/', 'Herd/1.0 (me@example.org) got/14');

  it('is asked for a circle in metres, and is sent a contact', () => {
    const { url, headers } = wikipedia.request(question);
    const { origin, pathname, searchParams } = new URL(url);
    expect(origin + pathname).to.equal('https://de.wikipedia.example/w/api.php');
    expect(headers).to.deep.equal({ accept: 'application/json', 'user-agent': 'Herd/1.0 (me@example.org) got/14' });
    expect(Object.fromEntries(searchParams)).to.deep.equal({
      action: 'query',
      list: 'geosearch',
      gscoord: '34.068930|-18.445127',
      gsradius: '10000',
      gslimit: '2',
      format: 'json',
      formatversion: '2',
    });
    const least = new URL(wikipedia.request({ ...question, radiusKm: 0, count: 0 }).url).searchParams;
    expect([least.get('gsradius'), least.get('gslimit')]).to.deep.equal(['10', '1']);
  });

  it('is answered as the legacy API of Google Places is', () => {
    const article = { pageid: 25, ns: 0, title: 'Royce Hall – é', lat: 34.07, lon: -118.44, dist: 12.5, primary: true };
    expect(answerOf(wikipedia, { query: { geosearch: [article, article, article] } })).to.equal(
      '{"html_attributions":["Articles of <a href=\\"https://www.wikipedia.org/\\">Wikipedia</a>, CC BY-SA 4.0"],' +
        '"info_messages":["adjusted radius to 10km"],"results":[' +
        [1, 2]
          .map(
            () =>
              '{"geometry":{"location":{"lat":34.07,"lng":-118.44}},"name":"Royce Hall – é","place_id":"wikipedia-25",' +
              '"types":["point_of_interest"],"url":"https://de.wikipedia.example/?curid=25"}',
          )
          .join(',') +
        '],"status":"OK"}',
    );
  });
});
