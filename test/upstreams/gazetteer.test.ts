import { expect } from 'chai';
import fc from 'fast-check';

import { Gazetteer } from '../../src/upstreams/sample/gazetteer.js';
import { greatCircleKm } from './great-circle.js';

const latitudes = fc.oneof(fc.double({ min: -90, max: 90, noNaN: true }), fc.constantFrom(-90, -89.99, 0, 89.99, 90));
const longitudes = fc.oneof(
  fc.double({ min: -180, max: 180, noNaN: true }),
  fc.constantFrom(-180, -179.99, 0, 179.99, 180),
);
const points = fc.record({ latitude: latitudes, longitude: longitudes });

function gazetteerOf(positions: readonly { latitude: number; longitude: number }[]): Gazetteer {
  const region = { name: undefined, country: 'Nowhere' };
  return new Gazetteer(positions.map((position, number) => ({ ...position, name: `Place ${number}`, region })));
}

describe('Gazetteer', () => {
  it('finds the places of a circle and no others, nearest first, at the poles and the date line too', () => {
    fc.assert(
      fc.property(
        // More than one leaf of the index holds.
        fc.array(points, { minLength: 1, maxLength: 150 }),
        points,
        fc.oneof(fc.double({ min: 0, max: 25_000, noNaN: true }), fc.constantFrom(0, 10, 20_014)),
        (positions, centre, radiusKm) => {
          const found = gazetteerOf(positions).nearest({ ...centre, radiusKm }, Infinity);
          const distances = found.map((place) => greatCircleKm(place, centre));
          // Micrometres at the rim, and at the antipode, where the haversine formula is coarse, decimetres.
          const slackKm = radiusKm > 19_000 ? 1 : 1e-6;

          expect(distances.every((distance) => distance <= radiusKm + slackKm)).to.be.true;
          expect(distances.every((distance, at) => at === 0 || distance >= (distances[at - 1] ?? 0) - slackKm)).to.be
            .true;
          const numbers = new Set(found.map(({ number }) => number));
          expect(numbers.size).to.equal(found.length);
          for (const [number, position] of positions.entries()) {
            if (greatCircleKm(position, centre) < radiusKm - slackKm) expect(numbers).to.include(number);
          }
        },
      ),
    );
  });

  it('finds no more than are wanted', () => {
    const gazetteer = gazetteerOf([
      { latitude: 0, longitude: 2 },
      { latitude: 0, longitude: 1 },
      { latitude: 0, longitude: 3 },
    ]);
    const found = gazetteer.nearest({ latitude: 0, longitude: 0, radiusKm: 1000 }, 2);
    expect(found.map(({ name }) => name)).to.deep.equal(['Place 1', 'Place 0']);
  });
});
