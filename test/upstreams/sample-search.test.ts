import { expect } from 'chai';

import { startSampleUpstream, type SampleUpstream } from '../../src/upstreams/sample/sample-upstream.js';
import { SampleClient, type Search } from './sample-client.js';

describe('the sample upstream, as Twitter search', () => {
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

  it('has posts that nobody takes for real, at real places', async () => {
    const { results } = await client.search({ geocode: '27.5916,86.5640,100km', rpp: '100' });
    expect(results).to.have.lengthOf(100);
    for (const post of results) {
      expect(post.text).to.match(/^Sample post from .+, Nepal: |^Sample post from .+, (China|India): /);
      expect(post.from_user).to.match(/^sample_\d+$/);
      expect(post.from_user_name).to.match(/^Sample of ./);
      expect(post.source).to.match(/^&lt;a href=&quot;[^<>"]+&lt;\/a&gt;$/);
    }
    expect(results.some(({ text }) => text.startsWith('Sample post from Namche Bazaar, Koshi, Nepal: '))).to.be.true;
  });

  it('has posts of one week of November 2012, newest first, whose ids hold their times', async () => {
    const { results, max_id_str: maxId } = await client.search({ geocode: '34.07,-118.45,50km', rpp: '100' });
    const ids = results.map((post) => BigInt(post.id_str));
    expect(ids).to.deep.equal([...ids].sort((one, other) => (one < other ? 1 : -1)));
    expect(maxId).to.equal(results[0]?.id_str);
    for (const { id_str: id, created_at: createdAt } of results) {
      expect(createdAt).to.match(/^(Sun|Mon|Tue|Wed|Thu|Fri|Sat), \d\d Nov 2012 \d\d:\d\d:\d\d \+0000$/);
      const idMs = Number(BigInt(id) >> 22n) + 1_288_834_974_657;
      expect(Math.floor(idMs / 1000) * 1000).to.equal(Date.parse(createdAt));
    }
  });

  it('has ids beyond 2^53, exact, no two alike', async () => {
    const { body } = await client.get('/search.json?geocode=48.85,2.35,2500km&rpp=100');
    const pairs = [...body.matchAll(/"id_str":"(\d+)".*?"id":(\d+)/g)];
    expect(pairs).to.have.lengthOf(100);
    for (const [, text, number] of pairs) {
      expect(number).to.equal(text);
      expect(BigInt(number ?? 0) > 2n ** 53n).to.be.true;
    }
    expect(new Set(pairs.map(([, text]) => text)).size).to.equal(100);
  });

  it('writes the fields in the order of its time', async () => {
    const { results, ...envelope } = await client.search({ geocode: '34.07,-118.45,10km', rpp: '1' });
    expect(Object.keys({ results, ...envelope })).to.deep.equal(
      'results max_id since_id refresh_url next_page results_per_page page completed_in since_id_str max_id_str query'.split(
        ' ',
      ),
    );
    expect(envelope.next_page).to.match(/^\?page=2&max_id=\d+&rpp=1&geocode=34\.07%2C-118\.45%2C10\.0km&q=$/);
  });

  it('goes on where its next page says, and ends', async () => {
    const seen: string[] = [];
    let next: string | undefined = '?geocode=27.5916,86.5640,60km&rpp=40';
    while (next !== undefined) {
      const { body } = await client.get(`/search.json${next}`);
      const page = JSON.parse(body) as Search;
      seen.push(...page.results.map((post) => post.id_str));
      next = page.next_page;
    }
    const one = await client.search({ geocode: '27.5916,86.5640,60km', rpp: '100' });
    expect(seen.length).to.be.above(40);
    expect(new Set(seen).size).to.equal(seen.length);
    expect(seen.slice(0, 100)).to.deep.equal(one.results.map((post) => post.id_str));
  });

  it('has 15 results a page where nothing else is said, and never more than 100', async () => {
    const geocode = '34.07,-118.45,50km';
    expect((await client.search({ geocode })).results).to.have.lengthOf(15);
    expect((await client.search({ geocode, rpp: '1000' })).results).to.have.lengthOf(100);
    expect((await client.search({ geocode, rpp: '0' })).results).to.have.lengthOf(0);
  });

  it('has nothing where there is no place', async () => {
    const { results, next_page: next } = await client.search({ geocode: '0,-140,100km' });
    expect(results).to.deep.equal([]);
    expect(next).to.equal(undefined);
  });

  it('takes miles', async () => {
    const inMiles = await client.search({ geocode: '34.07,-118.45,3mi', rpp: '100' });
    const inKilometres = await client.search({ geocode: '34.07,-118.45,4.828032km', rpp: '100' });
    expect(inMiles.results).to.deep.equal(inKilometres.results);
  });

  it('cuts a radius beyond its limit, and warns', async () => {
    expect(await client.search({ geocode: '0,-140,2501km' }))
      .to.have.property('warning')
      .that.includes('2500km');
    expect(await client.search({ geocode: '0,-140,2500km' })).to.not.have.property('warning');
  });

  for (const [query, error] of [
    ['', 'You must enter a query.'],
    ['?geocode=&rpp=2', 'You must enter a query.'],
    ['?q=kiwi&geocode=0,0,1km', 'This sample service searches by geocode only.'],
    ['?geocode=91,0,1km', 'Invalid value for parameter geocode.'],
    ['?geocode=0,180.1,1km', 'Invalid value for parameter geocode.'],
    ['?geocode=0,0,1', 'Invalid value for parameter geocode.'],
    ['?geocode=0,0,-1km', 'Invalid value for parameter geocode.'],
    ['?geocode=0,0,1e3km', 'Invalid value for parameter geocode.'],
    ['?geocode=0,0,NaNkm', 'Invalid value for parameter geocode.'],
    ['?geocode=0,0,1km,1', 'Invalid value for parameter geocode.'],
    ['?geocode=0,0,1km&rpp=-1', 'Invalid value for parameter rpp.'],
    ['?geocode=0,0,1km&page=0', 'Invalid value for parameter page.'],
  ]) {
    it(`answers ${query} with an error in its own form`, async () => {
      expect(await client.get(`/search.json${query}`)).to.deep.equal({ status: 403, body: JSON.stringify({ error }) });
    });
  }
});
