import { expect } from 'chai';
import { QuerySlots } from '../../../src/actors/client/query-slots.js';

describe('QuerySlots', () => {
  it('hands a released slot to the query that has waited longest', () => {
    const slots = new QuerySlots(1);
    const begun: string[] = [];
    const take = (name: string) => slots.acquire(() => begun.push(name));
    expect([take('a'), take('b'), take('c')]).to.deep.equal([true, false, false]);
    slots.release();
    expect(begun).to.deep.equal(['b']);
    expect(take('d'), 'the slot has gone on').to.equal(false);
    slots.release();
    slots.release();
    expect(begun).to.deep.equal(['b', 'c', 'd']);
  });

  it('skips cancelled queries, and frees a slot for which no query waits', () => {
    const slots = new QuerySlots(1);
    const begun: string[] = [];
    const leaving = () => begun.push('leaving');
    slots.acquire(() => undefined);
    slots.acquire(leaving);
    slots.cancel(leaving);
    slots.release();
    expect(begun).to.deep.equal([]);
    expect(slots.acquire(() => undefined)).to.equal(true);
  });
});
