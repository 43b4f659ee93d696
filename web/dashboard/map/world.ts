/** Format of world.json, which build.js writes. */
interface WorldFile {
  readonly stepsPerTurn: number;
  readonly lines: readonly (readonly number[])[];
  readonly polygons: readonly (readonly (readonly number[])[])[];
}

type Point = readonly [longitude: number, latitude: number];

/** Piece of land in degrees (x east, y south); it may extend beyond 180 degrees. */
export interface Land {
  readonly path: Path2D;
  readonly west: number;
  readonly east: number;
  readonly south: number;
  readonly north: number;
}

/** Fetches the outline of the land. */
export async function fetchWorld(): Promise<readonly Land[]> {
  const response = await fetch('world.json');
  return buildLand((await response.json()) as WorldFile);
}

function buildLand({ stepsPerTurn, lines, polygons }: WorldFile): Land[] {
  const degrees = 360 / stepsPerTurn;
  const points = lines.map((line) => decodeLine(line, degrees));
  return polygons.map((rings) => {
    const path = new Path2D();
    const bounds = { west: 180, east: -180, south: 90, north: -90 };
    for (const ring of rings) {
      // Reversed lines have indices from -1 downwards, as in TopoJSON.
      const outline = unwrapRing(ring.flatMap((arc) => (arc < 0 ? points[~arc]?.toReversed() : points[arc]) ?? []));
      for (const [index, [longitude, latitude]] of outline.entries()) {
        if (index === 0) path.moveTo(longitude, -latitude);
        else path.lineTo(longitude, -latitude);
        [bounds.west, bounds.east] = [Math.min(bounds.west, longitude), Math.max(bounds.east, longitude)];
        [bounds.south, bounds.north] = [Math.min(bounds.south, latitude), Math.max(bounds.north, latitude)];
      }
      path.closePath();
    }
    return { path, ...bounds };
  });
}

/** Removes the jump of a ring at 180 degrees: it continues beyond the edge of the map. A ring around the pole is closed below it. */
function unwrapRing(ring: readonly Point[]): readonly Point[] {
  let turns = 0;
  let previousLongitude = ring[0]?.[0] ?? 0;
  const points = ring.map(([longitude, latitude]): Point => {
    if (longitude - previousLongitude > 180) turns -= 360;
    else if (previousLongitude - longitude > 180) turns += 360;
    previousLongitude = longitude;
    return [longitude + turns, latitude];
  });
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || Math.abs(last[0] - first[0]) < 180) return points;
  return [...points, [last[0], -90], [first[0], -90]];
}

function decodeLine(line: readonly number[], degrees: number): Point[] {
  const points: Point[] = [];
  let [x, y] = [0, 0];
  for (let index = 0; index < line.length; index += 2) {
    x += line[index] ?? 0;
    y += line[index + 1] ?? 0;
    points.push([x * degrees, y * degrees]);
  }
  return points;
}
