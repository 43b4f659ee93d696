import { expect } from 'chai';
import fc from 'fast-check';
import { RecentLocations } from '../../../../src/actors/replication/nats/recent-locations.js';
import { asClientId } from '../../../../src/protocol/place/ids.js';
import type { Location } from '../../../../src/protocol/place/location.js';
import { createLocation } from '../../../support/fake-location.js';
import { hashCount } from '../../../../src/actors/store/hash-key.js';
import { fixedRandom } from '../../../support/fixed-random.js';

const clients = ['kiwi', 'emu', 'moa', 'rhea', 'ostrich'];
const anyStep = fc.record({
  what: fc.constantFrom('put', 'touch', 'keep', 'release', 'take'),
  client: fc.constantFrom(...clients),
});

/** All, page by page. */
function allIn(recent: RecentLocations): Location[] {
  const locations: Location[] = [];
  for (let from: number | undefined = 0; from !== undefined;) {
    const page: ReturnType<RecentLocations['page']> = recent.page(from, 2);
    locations.push(...page.locations);
    from = page.next;
  }
  return locations;
}

describe('RecentLocations', () => {
  it('gives out whom was touched least recently, as a plain list of clients would, and never one that is kept', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 60 }), (steps) => {
        const recent = new RecentLocations({ clients: 2, bytes: 1_000_000 }, fixedRandom);
        let inTurn: string[] = [];
        const kept = new Set<string>();
        const without = (client: string) => inTurn.filter((each) => each !== client);
        for (const [second, { what, client }] of steps.entries()) {
          const isHeld = inTurn.includes(client) || kept.has(client);
          switch (what) {
            case 'put':
              recent.put(createLocation(client, second));
              if (!isHeld) inTurn.push(client);
              expect(recent.get(asClientId(client))).to.deep.equal(createLocation(client, second));
              break;
            case 'touch':
              recent.touch(asClientId(client));
              if (inTurn.includes(client)) inTurn = [...without(client), client];
              break;
            case 'keep':
              recent.keep(asClientId(client));
              if (inTurn.includes(client) && kept.size < 2) {
                inTurn = without(client);
                kept.add(client);
              }
              break;
            case 'release':
              recent.release(asClientId(client));
              if (kept.delete(client)) inTurn.push(client);
              break;
            case 'take':
              expect(recent.takeOldest()?.client).to.equal(inTurn.shift());
              break;
          }
          expect(recent.size).to.equal(inTurn.length + kept.size);
          expect(allIn(recent).map((location) => location.client as string)).to.have.members([...inTurn, ...kept]);
        }
      }),
    );
  });

  it('holds the newest that it was given of a client, and is asked by a location as by a client', () => {
    const recent = new RecentLocations({ clients: 0, bytes: 1_000_000 }, fixedRandom);
    recent.put(createLocation('kiwi', 1));
    recent.put(createLocation('kiwi', 2));
    expect(recent.rivalOf(createLocation('kiwi', 3))).to.deep.equal(createLocation('kiwi', 2));
    expect(recent.rivalOf(createLocation('emu', 3))).to.equal(undefined);
    expect(recent.size).to.equal(1);
  });

  it('has pages in the order of a hash', () => {
    const recent = new RecentLocations({ clients: 0, bytes: 1_000_000 }, fixedRandom);
    for (let client = 0; client < 1_000; client += 1) recent.put(createLocation(`client-${client}`, 1));
    expect(new Set(allIn(recent).map(({ client }) => client)).size).to.equal(1_000);
    expect(recent.page(hashCount - 1, 1).next).to.equal(undefined);
  });
});
