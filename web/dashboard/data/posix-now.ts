/** This moment in POSIX seconds, as a client writes it: `1353118103.108893`. */
export function posixNow(): string {
  return ((performance.timeOrigin + performance.now()) / 1_000).toFixed(6);
}
