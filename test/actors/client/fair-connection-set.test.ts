import { expect } from 'chai';
import { FairConnectionSet } from '../../../src/actors/client/fair-connection-set.js';

describe('FairConnectionSet', () => {
  it('evicts the oldest connection of the host with the most, whichever host connects', () => {
    const places = new FairConnectionSet<string>(4);
    expect(['a1', 'a2', 'a3', 'b1'].map((name) => places.add(name, name.charAt(0)))).to.deep.equal(
      Array(4).fill(undefined),
    );
    expect(places.add('c1', 'c')).to.equal('a1');
    expect(places.add('a4', 'a'), 'it has the most still').to.equal('a2');
    expect(places.add('d1', 'd')).to.equal('a3');
    expect(places.add('e1', 'e'), 'of addresses with as many the one that came first').to.equal('a4');
  });

  it('reuses a freed place, and frees none twice', () => {
    const places = new FairConnectionSet<string>(1);
    places.add('a', 'host');
    places.delete('a');
    places.delete('a');
    expect(places.add('b', 'host')).to.equal(undefined);
    expect(places.add('c', 'host')).to.equal('b');
  });
});
