interface Point {
  readonly latitude: number;
  readonly longitude: number;
}

/** Kilometres between two points of a sphere with the Earth's mean radius: by vectors, so that it shares no formula with what it tests. */
export function greatCircleKm(one: Point, other: Point): number {
  const [ax, ay, az] = unitVector(one);
  const [bx, by, bz] = unitVector(other);
  const sine = Math.hypot(ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx);
  return 6371 * Math.atan2(sine, ax * bx + ay * by + az * bz);
}

function unitVector({ latitude, longitude }: Point): readonly [number, number, number] {
  const [phi, lambda] = [(latitude * Math.PI) / 180, (longitude * Math.PI) / 180];
  return [Math.cos(phi) * Math.cos(lambda), Math.cos(phi) * Math.sin(lambda), Math.sin(phi)];
}
