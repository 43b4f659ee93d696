import { expect } from 'chai';
import { AddressQuota } from '../../../src/actors/client/address-quota.js';

describe('AddressQuota', () => {
  it('limits the units of a host, and reuses released ones', () => {
    const quota = new AddressQuota(2);
    expect([quota.tryAcquire('a'), quota.tryAcquire('a'), quota.tryAcquire('a')]).to.deep.equal([true, true, false]);
    quota.release('a');
    expect([quota.tryAcquire('a'), quota.tryAcquire('a')]).to.deep.equal([true, false]);
  });

  it('counts each host separately', () => {
    const quota = new AddressQuota(1);
    expect([quota.tryAcquire('a'), quota.tryAcquire('b'), quota.tryAcquire('a')]).to.deep.equal([true, true, false]);
  });

  it('ignores the release of a unit that is not held', () => {
    const quota = new AddressQuota(1);
    quota.release('a');
    expect([quota.tryAcquire('a'), quota.tryAcquire('a')]).to.deep.equal([true, false]);
  });
});
