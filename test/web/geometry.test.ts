import { expect } from 'chai';

type Position = readonly [latitude: number, longitude: number];
interface Circle {
  readonly centre: Position;
  readonly radiusKm: number;
}
interface View {
  width: number;
  height: number;
  readonly scale: number;
  resize(width: number, height: number): void;
  fit(centre: Position, reach: { north: number; east: number }): void;
  shows(position: Position): boolean;
  x(longitude: number): number;
  y(latitude: number): number;
}

/** Compiled modules of the page that need no browser. */
interface Modules {
  readonly 'data/circle.js': {
    distanceKm(one: Position, other: Position): number;
    reachOf(circle: Circle): { north: number; east: number };
    rimOf(circle: Circle): readonly Position[];
    shownKm(radiusKm: number, distancesKm: readonly number[]): number;
  };
  readonly 'data/at-line.js': {
    readonly receivedAtMs: (line: string) => number;
    readonly positionOf: (line: string) => Position | undefined;
  };
  readonly 'map/viewport.js': { Viewport: new () => View };
}

async function loadModule<Name extends keyof Modules>(name: Name): Promise<Modules[Name]> {
  return (await import(new URL(`../../web/dashboard/${name}`, import.meta.url).href)) as Modules[Name];
}

const places: readonly Position[] = [
  [0, 0],
  [34.06893, -118.445127],
  [-45, 179.9],
  [78, 15],
];

describe('geometry of the dashboard', () => {
  let circles: Modules['data/circle.js'];
  let view: View;

  before(async () => {
    circles = await loadModule('data/circle.js');
    const { Viewport } = await loadModule('map/viewport.js');
    view = new Viewport();
    view.resize(800, 320);
  });

  it('computes great-circle distances', () => {
    expect(circles.distanceKm([0, 0], [0, 1])).to.be.closeTo(111.19, 0.01);
    expect(circles.distanceKm([90, 0], [-90, 50])).to.be.closeTo(Math.PI * 6_371, 0.01);
    // Los Angeles to New York: 3,983 km on the ellipsoid.
    expect(circles.distanceKm([33.9425, -118.4081], [40.6398, -73.7789])).to.be.closeTo(3_974, 2);
    expect(circles.distanceKm([10, 179.5], [10, -179.5])).to.be.below(111);
  });

  it('computes rim points at the radius of a circle', () => {
    for (const centre of places) {
      for (const radiusKm of [0.5, 50, 2_500, 12_000]) {
        const rim = circles.rimOf({ centre, radiusKm });
        for (const place of rim) {
          expect(circles.distanceKm(centre, place)).to.be.closeTo(radiusKm, radiusKm / 1e4);
          expect(place[1]).to.be.within(-180, 180);
        }
        expect(rim[0]?.[0]).to.be.closeTo(rim.at(-1)?.[0] ?? NaN, 1e-9);
      }
    }
  });

  it('computes the extent of a circle in degrees, equal to that of its rim', () => {
    for (const centre of places) {
      const circle = { centre, radiusKm: 300 };
      const { north, east } = circles.reachOf(circle);
      const rim = circles.rimOf(circle);
      const turn = (longitude: number) => Math.abs(((longitude - centre[1] + 540) % 360) - 180);
      expect(Math.max(...rim.map(([latitude]) => latitude - centre[0]))).to.be.closeTo(north, 1e-6);
      expect(Math.max(...rim.map(([, longitude]) => turn(longitude)))).to.be.closeTo(east, east / 500);
    }
    expect(circles.reachOf({ centre: [89, 0], radiusKm: 300 }).east).to.equal(180);
  });

  it('zooms to the whole circle for spread results, otherwise to the farthest result', () => {
    expect(circles.shownKm(50, [3, 31, 12])).to.equal(50);
    expect(circles.shownKm(50, [3, 8])).to.equal(8);
    expect(circles.shownKm(50, [])).to.equal(50);
    expect(circles.shownKm(50, [0, 0])).to.equal(50);
    // Upstreams may return results slightly outside of the circle.
    expect(circles.shownKm(50, [51])).to.equal(51);
    expect(circles.shownKm(0, [])).to.be.above(0);
  });

  it('fits a circle into the map so that all of it is visible', () => {
    for (const centre of places.slice(0, 2)) {
      const circle = { centre, radiusKm: 50 };
      view.fit(centre, circles.reachOf(circle));
      const rim = circles.rimOf(circle);
      expect(rim.every((place) => view.shows(place))).to.equal(true);
      const heights = rim.map(([latitude]) => view.y(latitude));
      expect(Math.max(...heights) - Math.min(...heights)).to.be.within(0.8 * view.height, view.height);
      expect(view.x(centre[1])).to.be.closeTo(view.width / 2, 1e-6);
    }
    view.fit([0, 0], { north: 180, east: 180 });
    expect(view.scale, 'pixels per degree for the whole world').to.be.closeTo(320 / 144, 1e-9);
    expect(view.shows([0, 0]) && !view.shows([89, 0])).to.equal(true);
  });

  it('parses receipt time and position of an AT line', async () => {
    const { receivedAtMs, positionOf } = await loadModule('data/at-line.js');
    const at = 'AT Blake +442202771.104022727 kiwi +34.068930-118.445127 1353118103.108893381';
    expect(receivedAtMs(at)).to.be.closeTo(1_795_320_874_212.916, 0.01);
    expect(receivedAtMs('AT Blake -0.500000000 kiwi +1-1 100')).to.equal(99_500);
    expect(positionOf(at)).to.deep.equal([34.06893, -118.445127]);
    expect(positionOf('? nonsense')).to.equal(undefined);
  });
});
