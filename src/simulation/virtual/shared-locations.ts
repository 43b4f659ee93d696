import {
  columnsPerRow,
  endColumn,
  hashLowColumn,
  startColumn,
  type LocationBatch,
} from '../../protocol/place/location-batch.js';
import type { Location } from '../../protocol/place/location.js';

/** Number of locations that are remembered; a power of two. More than are usually on their way at one time. */
const maxLocations = 1_024;

/** Locations of a run by their lines: all servers that learn a line share one object, so that it is decoded and parsed once. */
export class SharedLocations {
  /** The last location at each remainder of the hash of its line. */
  private readonly recent: (Location | undefined)[] = Array.from({ length: maxLocations }, () => undefined);

  /** Returns the location of a row. */
  locationOf(batch: LocationBatch, row: number): Location {
    const { columns, buffer } = batch;
    const offset = row * columnsPerRow;
    const index = (columns[offset + hashLowColumn] ?? 0) & (maxLocations - 1);
    const known = this.recent[index];
    const start = columns[offset + startColumn] ?? 0;
    if (known !== undefined && isEqual(known.line, buffer.view, start, columns[offset + endColumn] ?? 0)) return known;
    const location = batch.location(row);
    this.recent[index] = location;
    return location;
  }
}

function isEqual(line: string, view: DataView, start: number, end: number): boolean {
  if (line.length !== end - start) return false;
  for (let index = 0; index < line.length; index += 1) {
    if (line.charCodeAt(index) !== view.getUint8(start + index)) return false;
  }
  return true;
}
