import { expect } from 'chai';
import fc, { type Arbitrary } from 'fast-check';

import { asServerId, type ServerId } from '../../../src/protocol/place/ids.js';
import { isDialer, connectedComponents, buildTopology } from '../../../src/protocol/place/topology.js';
import { serverIds } from '../../support/arbitraries.js';

type Edge = readonly [ServerId, ServerId];

function servers(...names: string[]): ServerId[] {
  return names.map((name) => asServerId(name) ?? expect.fail(`${name} is no server`));
}

function edges(...pairs: string[]): Edge[] {
  return pairs.map((pair) => servers(...pair.split(' ')) as [ServerId, ServerId]);
}

const herd = servers('Blake', 'Bryant', 'Gasol', 'Howard', 'Metta');
const talks = edges('Blake Bryant', 'Blake Howard', 'Gasol Bryant', 'Gasol Howard', 'Metta Bryant');

/** Herds of up to seven servers with any edges, and any of the servers down. */
const herds: Arbitrary<{ all: ServerId[]; talking: Edge[]; down: Set<ServerId> }> = fc
  .uniqueArray(serverIds, { minLength: 1, maxLength: 7 })
  .chain((all) =>
    fc.record({
      all: fc.constant(all),
      talking: fc
        .array(fc.tuple(fc.constantFrom(...all), fc.constantFrom(...all)))
        .map((pairs) => pairs.filter(([one, other]) => one !== other)),
      down: fc.subarray(all).map((names) => new Set(names)),
    }),
  );

/** Who reaches whom, by trying every way until nothing new is found. */
function reachable(all: readonly ServerId[], talking: readonly Edge[]): Set<string> {
  const pairs = new Set(all.map((server) => `${server} ${server}`));
  for (let found = 0; found !== pairs.size;) {
    found = pairs.size;
    for (const start of all) {
      for (const [one, other] of talking) {
        if (pairs.has(`${start} ${one}`)) pairs.add(`${start} ${other}`);
        if (pairs.has(`${start} ${other}`)) pairs.add(`${start} ${one}`);
      }
    }
  }
  return pairs;
}

describe('buildTopology', () => {
  it('adds links in both directions, in the order of the configuration', () => {
    const topology = buildTopology(herd, talks);
    expect([...topology]).to.deep.equal([
      ['Blake', ['Bryant', 'Howard']],
      ['Bryant', ['Blake', 'Gasol', 'Metta']],
      ['Gasol', ['Bryant', 'Howard']],
      ['Howard', ['Blake', 'Gasol']],
      ['Metta', ['Bryant']],
    ]);
  });

  it('counts a duplicate link once, also in the other direction', () => {
    const topology = buildTopology(herd, edges('Blake Bryant', 'Bryant Blake', 'Blake Bryant'));
    expect(topology.get(herd[0] ?? expect.fail())).to.deep.equal(['Bryant']);
  });

  it('is symmetric', () => {
    fc.assert(
      fc.property(herds, ({ all, talking }) => {
        const topology = buildTopology(all, talking);
        for (const [server, neighbours] of topology) {
          for (const neighbour of neighbours) expect(topology.get(neighbour)).to.include(server);
        }
      }),
    );
  });
});

describe('connectedComponents', () => {
  it('returns one component for a connected herd', () => {
    expect(connectedComponents(buildTopology(herd, talks))).to.have.length(1);
  });

  it('returns the components without excluded servers', () => {
    const parts = connectedComponents(buildTopology(herd, talks), new Set(servers('Bryant', 'Howard')));
    expect(parts).to.deep.equal([['Blake'], ['Gasol'], ['Metta']]);
  });

  it('puts two servers into one component exactly if one reaches the other', () => {
    fc.assert(
      fc.property(herds, ({ all, talking, down }) => {
        const up = all.filter((server) => !down.has(server));
        const pairs = reachable(
          up,
          talking.filter((edge) => !edge.some((end) => down.has(end))),
        );
        const parts = connectedComponents(buildTopology(all, talking), down);
        expect(parts.flat()).to.have.members(up);
        for (const one of up) {
          for (const other of up) {
            const together = parts.some((part) => part.includes(one) && part.includes(other));
            expect(together, `${one} and ${other}`).to.equal(pairs.has(`${one} ${other}`));
          }
        }
      }),
    );
  });
});

describe('isDialer', () => {
  it('[PE1] lets the server dial whose ID sorts first', () => {
    const [blake, bryant, lower] = servers('Blake', 'Bryant', 'alford') as [ServerId, ServerId, ServerId];
    expect(isDialer(blake, bryant)).to.be.true;
    expect(isDialer(bryant, blake)).to.be.false;
    expect(isDialer(bryant, lower)).to.be.true;
  });

  it('[PE1] lets exactly one of two neighbours dial', () => {
    fc.assert(
      fc.property(serverIds, serverIds, (one, other) => {
        if (one !== other) expect(isDialer(one, other)).not.to.equal(isDialer(other, one));
      }),
    );
  });
});
