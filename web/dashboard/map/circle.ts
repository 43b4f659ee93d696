/** A place on the Earth, in degrees. */
export type Position = readonly [latitude: number, longitude: number];

/** What is at most so many kilometres away from a place. */
export interface Circle {
  readonly centre: Position;
  readonly radiusKm: number;
}

/** The Earth as a ball: its radius in kilometres, and what a degree of a great circle measures. */
const earthKm = 6_371;
const kmPerDegree = (Math.PI * earthKm) / 180;

/** How many straight lines a circle is drawn with. */
const rimSegments = 120;

/** How far two places are from each other, in kilometres. */
export function distanceKm([latitude, longitude]: Position, [otherLatitude, otherLongitude]: Position): number {
  const [north, otherNorth] = [radians(latitude), radians(otherLatitude)];
  const half = (angle: number): number => Math.sin(angle / 2) ** 2;
  const east = radians(otherLongitude - longitude);
  const haversine = half(otherNorth - north) + Math.cos(north) * Math.cos(otherNorth) * half(east);
  return 2 * earthKm * Math.asin(Math.min(1, Math.sqrt(haversine)));
}

/** How far a circle reaches from its centre, in degrees to the north and, at its widest, to the east; around a pole all the way. */
export function reachOf({ centre: [latitude], radiusKm }: Circle): { readonly north: number; readonly east: number } {
  const north = radiusKm / kmPerDegree;
  if (Math.abs(latitude) + north >= 90) return { north: Math.min(180, north), east: 180 };
  return { north, east: degrees(Math.asin(Math.sin(radians(north)) / Math.cos(radians(latitude)))) };
}

/** The rim of a circle: places around it, the last of which is the first. Longitudes are from -180 up to 180. */
export function rimOf({ centre: [latitude, longitude], radiusKm }: Circle): readonly Position[] {
  const [north, away] = [radians(latitude), radiusKm / earthKm];
  return Array.from({ length: rimSegments + 1 }, (_, index): Position => {
    const bearing = (2 * Math.PI * index) / rimSegments;
    const sine = Math.sin(north) * Math.cos(away) + Math.cos(north) * Math.sin(away) * Math.cos(bearing);
    const turned = Math.atan2(
      Math.sin(bearing) * Math.sin(away) * Math.cos(north),
      Math.cos(away) - Math.sin(north) * sine,
    );
    return [degrees(Math.asin(Math.max(-1, Math.min(1, sine)))), wrapLongitude(longitude + degrees(turned))];
  });
}

/** What is nearer than this need not be told apart, in kilometres. */
const minShownKm = 0.05;

/**
 * Which part of a circle to show, in kilometres from its centre, so that what was found in it can be told apart: all of it where it is
 * spread over most of the circle or there is none, else as far as the farthest.
 */
export function shownKm(radiusKm: number, distancesKm: readonly number[]): number {
  const farthestKm = Math.max(0, ...distancesKm);
  if (farthestKm === 0) return Math.max(minShownKm, radiusKm);
  return Math.max(minShownKm, farthestKm > 0.6 * radiusKm ? Math.max(radiusKm, farthestKm) : farthestKm);
}

function wrapLongitude(longitude: number): number {
  return ((((longitude + 180) % 360) + 360) % 360) - 180;
}

function radians(angle: number): number {
  return (angle * Math.PI) / 180;
}

function degrees(angle: number): number {
  return (angle * 180) / Math.PI;
}
