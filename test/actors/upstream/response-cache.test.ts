import { expect } from 'chai';
import { ResponseCache } from '../../../src/actors/upstream/response-cache.js';

describe('ResponseCache', () => {
  it('returns a response until it expires', () => {
    const cache = new ResponseCache(1_000, 10_000);
    cache.put('a', '{}', 0);
    expect(cache.get('a', 999)).to.equal('{}');
    expect(cache.get('a', 1_000)).to.equal(undefined);
    expect(cache.get('b', 0)).to.equal(undefined);
  });

  it('restarts the time to live with a newer response', () => {
    const cache = new ResponseCache(1_000, 10_000);
    cache.put('a', '1', 0);
    cache.put('a', '2', 900);
    expect(cache.get('a', 1_899)).to.equal('2');
  });

  it('stores nothing with a time to live of 0', () => {
    const cache = new ResponseCache(0, 10_000);
    cache.put('a', '{}', 0);
    expect(cache.get('a', 0)).to.equal(undefined);
  });

  it('evicts the oldest beyond its maximum, and does not store one that exceeds it', () => {
    // An entry takes its text and 200 bytes besides.
    const cache = new ResponseCache(1_000, 1_000);
    for (const key of ['a', 'b', 'c']) cache.put(key, 'x'.repeat(200), 0);
    expect(['a', 'b', 'c'].map((key) => cache.get(key, 0)?.length)).to.deep.equal([undefined, 200, 200]);
    cache.put('d', 'x'.repeat(2_000), 0);
    expect(['b', 'c', 'd'].map((key) => cache.get(key, 0))).to.deep.equal([undefined, undefined, undefined]);
    cache.put('e', 'x', 0);
    expect(cache.get('e', 0)).to.equal('x');
  });

  it('removes expired entries when one is added', () => {
    const cache = new ResponseCache(1_000, 1_000);
    for (let second = 0; second < 100; second += 1) {
      cache.put(String(second), 'x'.repeat(500), second * 1_000);
      expect(cache.get(String(second), second * 1_000)).to.have.lengthOf(500);
    }
  });
});
