import { expect } from 'chai';
import { BufferPool } from '../../../src/runtime/sockets/buffer-pool.js';

describe('BufferPool', () => {
  it('returns the buffer that was released last', () => {
    const pool = new BufferPool();
    const [one, two] = [pool.acquire(1), pool.acquire(100_000)];
    expect(one).to.not.equal(two);
    expect(two?.length).to.be.at.least(100_000);
    if (one !== undefined) pool.release(one);
    expect(pool.acquire(1)).to.equal(one);
  });

  it('has a limited number of buffers, of a limited size', () => {
    const pool = new BufferPool();
    expect(pool.acquire(1_000_000)).to.equal(undefined);
    const buffers = Array.from({ length: 64 }, () => pool.acquire(1));
    expect(new Set(buffers).size).to.equal(64);
    expect(buffers).to.not.include(undefined);
    expect(pool.acquire(1)).to.equal(undefined);
  });
});
