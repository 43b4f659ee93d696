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

/** The page's own modules, as the build made them; these touch nothing of a browser. */
interface Modules {
  readonly 'map/circle.js': {
    distanceKm(one: Position, other: Position): number;
    reachOf(circle: Circle): { north: number; east: number };
    rimOf(circle: Circle): readonly Position[];
    shownKm(radiusKm: number, distancesKm: readonly number[]): number;
  };
  readonly 'data/at-line.js': {
    readonly heardAtMs: (line: string) => number;
    readonly positionIn: (line: string) => Position | undefined;
  };
  readonly 'map/viewport.js': { Viewport: new () => View };
}

async function moduleOf<Name extends keyof Modules>(name: Name): Promise<Modules[Name]> {
  return (await import(new URL(`../../web/dashboard/${name}`, import.meta.url).href)) as Modules[Name];
}

const places: readonly Position[] = [
  [0, 0],
  [34.06893, -118.445127],
  [-45, 179.9],
  [78, 15],
];

describe('the maths of what is near, in the window', () => {
  let circles: Modules['map/circle.js'];
  let view: View;

  before(async () => {
    circles = await moduleOf('map/circle.js');
    const { Viewport } = await moduleOf('map/viewport.js');
    view = new Viewport();
    view.resize(800, 320);
  });

  it('knows how far places are from each other', () => {
    expect(circles.distanceKm([0, 0], [0, 1])).to.be.closeTo(111.19, 0.01);
    expect(circles.distanceKm([90, 0], [-90, 50])).to.be.closeTo(Math.PI * 6_371, 0.01);
    // Los Angeles and New York, as airports count it: 3,983 km on the Earth's true shape.
    expect(circles.distanceKm([33.9425, -118.4081], [40.6398, -73.7789])).to.be.closeTo(3_974, 2);
    expect(circles.distanceKm([10, 179.5], [10, -179.5])).to.be.below(111);
  });

  it('draws a circle whose rim is everywhere as far from its centre as it should be', () => {
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

  it('knows how many degrees a circle reaches: no more and no less than its rim does', () => {
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

  it('shows the whole circle where what was found is spread over it, and else as much as is needed', () => {
    expect(circles.shownKm(50, [3, 31, 12])).to.equal(50);
    expect(circles.shownKm(50, [3, 8])).to.equal(8);
    expect(circles.shownKm(50, [])).to.equal(50);
    expect(circles.shownKm(50, [0, 0])).to.equal(50);
    // An upstream may answer with what is a little further away.
    expect(circles.shownKm(50, [51])).to.equal(51);
    expect(circles.shownKm(0, [])).to.be.above(0);
  });

  it('zooms so that a circle fills the map, and all of it is in sight', () => {
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
    expect(view.scale, 'pixels a degree of the whole world').to.be.closeTo(320 / 144, 1e-9);
    expect(view.shows([0, 0]) && !view.shows([89, 0])).to.equal(true);
  });

  it('reads in an AT line when its first server heard it, by the clock of that server, and where', async () => {
    const { heardAtMs, positionIn } = await moduleOf('data/at-line.js');
    const at = 'AT Blake +442202771.104022727 kiwi +34.068930-118.445127 1353118103.108893381';
    expect(heardAtMs(at)).to.be.closeTo(1_795_320_874_212.916, 0.01);
    expect(heardAtMs('AT Blake -0.5 kiwi +1-1 100')).to.equal(99_500);
    expect(positionIn(at)).to.deep.equal([34.06893, -118.445127]);
    expect(positionIn('? nonsense')).to.equal(undefined);
  });
});
