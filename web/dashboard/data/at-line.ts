import type { Position } from '../map/circle.js';

const positionPattern = /^(?<latitude>[+-][\d.]+)(?<longitude>[+-][\d.]+)$/;

/** When the server that first got a location got it, in milliseconds of POSIX time: the client's time, and how much later that server's clock read. */
export function receivedAtMs(line: string): number {
  const [, , skew = '', , , time = ''] = line.split(' ');
  return (Number(time) + Number(skew)) * 1_000;
}

/** Where the client of an AT line is; undefined if the line is none. */
export function parsePosition(line: string): Position | undefined {
  const { latitude, longitude } = positionPattern.exec(line.split(' ')[4] ?? '')?.groups ?? {};
  return latitude === undefined || longitude === undefined ? undefined : [Number(latitude), Number(longitude)];
}
