/** Position on the Earth in degrees. */
export type Position = readonly [latitude: number, longitude: number];

/** Circle on the Earth. */
export interface Circle {
  readonly centre: Position;
  readonly radiusKm: number;
}

/** Radius of the Earth as a sphere, and the length of one degree of a great circle, in kilometres. */
const earthKm = 6_371;
const kmPerDegree = (Math.PI * earthKm) / 180;

/** Number of segments that approximate a circle. */
const rimSegments = 120;

/** Great-circle distance in kilometres (haversine formula). */
export function distanceKm([latitude, longitude]: Position, [otherLatitude, otherLongitude]: Position): number {
  const [north, otherNorth] = [radians(latitude), radians(otherLatitude)];
  const half = (angle: number): number => Math.sin(angle / 2) ** 2;
  const east = radians(otherLongitude - longitude);
  const haversine = half(otherNorth - north) + Math.cos(north) * Math.cos(otherNorth) * half(east);
  return 2 * earthKm * Math.asin(Math.min(1, Math.sqrt(haversine)));
}

/** Half extent of a circle in degrees: to the north and, where it is widest, to the east (180 if it contains a pole). */
export function reachOf({ centre: [latitude], radiusKm }: Circle): { readonly north: number; readonly east: number } {
  const north = radiusKm / kmPerDegree;
  if (Math.abs(latitude) + north >= 90) return { north: Math.min(180, north), east: 180 };
  return { north, east: degrees(Math.asin(Math.sin(radians(north)) / Math.cos(radians(latitude)))) };
}

/** Points on the rim of a circle; the last equals the first. Longitudes are from -180 to 180. */
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

/** Smallest radius that the map zooms to, in kilometres. */
const minShownKm = 0.05;

/**
 * Radius to zoom to so that results can be told apart, in kilometres: the whole circle if the results fill most of it or there are
 * none, otherwise the distance of the farthest result.
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
