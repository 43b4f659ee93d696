import { expect } from 'chai';
import { AddressQuota } from '../../../src/actors/client/address-quota.js';

describe('AddressQuota', () => {
  it('gives an address so many places, and each again when it is given back', () => {
    const quota = new AddressQuota(2);
    expect([quota.tryAcquire('a'), quota.tryAcquire('a'), quota.tryAcquire('a')]).to.deep.equal([true, true, false]);
    quota.release('a');
    expect([quota.tryAcquire('a'), quota.tryAcquire('a')]).to.deep.equal([true, false]);
  });

  it('counts each address for itself', () => {
    const quota = new AddressQuota(1);
    expect([quota.tryAcquire('a'), quota.tryAcquire('b'), quota.tryAcquire('a')]).to.deep.equal([true, true, false]);
  });

  it('makes no room by a place given back that was not taken', () => {
    const quota = new AddressQuota(1);
    quota.release('a');
    expect([quota.tryAcquire('a'), quota.tryAcquire('a')]).to.deep.equal([true, false]);
  });
});
