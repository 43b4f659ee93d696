import { parseAtFields } from '../../../src/protocol/place/location-order.js';
import { parsePosition } from '../../../src/protocol/place/position.js';
import type { Position } from './circle.js';

/** Receipt time of an AT line by the clock of the server that received the report, in milliseconds of POSIX time. */
export function receivedAtMs(line: string): number {
  const { seconds, nanoseconds } = parseAtFields(line).received;
  return seconds * 1_000 + nanoseconds / 1_000_000;
}

/** Position in an AT line in degrees; undefined if the line is not an AT line. */
export function positionOf(line: string): Position | undefined {
  const position = parsePosition(line.split(' ')[4] ?? '');
  return position && [Number(position.latitude), Number(position.longitude)];
}

/** Current POSIX time in seconds, in the form of a client's time field: `1353118103.108893`. */
export function posixNow(): string {
  return ((performance.timeOrigin + performance.now()) / 1_000).toFixed(6);
}
