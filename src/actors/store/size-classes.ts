/** Granularity of cells in bytes. */
export const unitBytes = 16;

/** Cells of up to as many units have a class for each number of units; larger ones have `classesPerDoubling`. */
const maxExactUnits = 16;
const classesPerDoublingBits = 3;

/**
 * Returns the units of the smallest size class that holds as many bytes: multiples of 16 bytes up to 256, then eight classes per doubling
 * as in jemalloc, so that there are few classes and less than an eighth of a cell is unused.
 */
export function classUnits(bytes: number): number {
  const units = Math.ceil(bytes / unitBytes);
  if (units <= maxExactUnits) return units;
  const step = 1 << (31 - Math.clz32(units - 1) - classesPerDoublingBits);
  return Math.ceil(units / step) * step;
}
