import { expect } from 'chai';
import { formatMapping, parseMapping, shardNames, shardOf } from '../../../src/runtime/nats/bucket-mapping.js';

describe('the mapping of a bucket that is split', () => {
  it('is read as it is written', () => {
    expect(formatMapping(4)).to.equal('1 fnv1a-32 4');
    for (const shards of [2, 4, 64]) expect(parseMapping(formatMapping(shards), 'herd-test')).to.equal(shards);
    expect(shardNames('herd-test', 3)).to.deep.equal(['shard-0-herd-test', 'shard-1-herd-test', 'shard-2-herd-test']);
  });

  for (const mapping of ['2 fnv1a-32 4', '1 sha-256 4', '1 fnv1a-32 0', '1 fnv1a-32', '1 fnv1a-32 4 more', '']) {
    it(`is not guessed at: ${JSON.stringify(mapping)}`, () => {
      expect(() => parseMapping(mapping, 'herd-test')).to.throw(
        `the bucket herd-test is split in a way that this server does not know: its mapping is ${JSON.stringify(mapping)}`,
      );
    });
  }

  it('puts keys where FNV-1a does, for ever', () => {
    // The hashes that stand with the definition of FNV-1a: 811c9dc5, e40c292c, bf9cf968.
    expect(['', 'a', 'foobar'].map((key) => shardOf(key, 1_000_003))).to.deep.equal(
      [0x811c9dc5, 0xe40c292c, 0xbf9cf968].map((hash) => hash % 1_000_003),
    );
  });

  it('spreads keys about evenly', () => {
    const counts = [0, 0, 0, 0];
    for (let key = 0; key < 10_000; key += 1) {
      const shard = shardOf(Buffer.from(`phone-${key}`).toString('base64url'), 4);
      counts[shard] = (counts[shard] ?? 0) + 1;
    }
    for (const count of counts) expect(count).to.be.within(2_300, 2_700);
  });
});
