import type { ByteString } from '../text/bytes.js';

/** A position in decimal degrees, north and east positive: text without a plus sign, so that no digit is lost. */
export interface Position {
  readonly latitude: string;
  readonly longitude: string;
}

/**
 * ISO 6709 in decimal degrees, signs required: one or two digits of latitude, one to three of longitude, each with an
 * optional fraction, at most 90 and 180 to the last digit. The ranges are part of the pattern because a double would round
 * 90.00000000000000001 down to 90. (The standard requires leading zeros; clients in the wild leave them out.)
 */
const latitudeSource = '[+-](?:90(?:\\.0+)?|[0-8]?\\d(?:\\.\\d+)?)';
const longitudeSource = '[+-](?:180(?:\\.0+)?|1[0-7]\\d(?:\\.\\d+)?|0?\\d{1,2}(?:\\.\\d+)?)';

/** Pattern of a position, for use in larger patterns. */
export const positionSource = latitudeSource + longitudeSource;

const pattern = new RegExp(`^(${latitudeSource})(${longitudeSource})$`);

/** Whether a field is a valid position. */
export function isPosition(field: ByteString): boolean {
  return pattern.test(field);
}

/** Parses a position; returns undefined if it is not valid. */
export function parsePosition(field: ByteString): Position | undefined {
  const [, latitude, longitude] = pattern.exec(field) ?? [];
  if (latitude === undefined || longitude === undefined) return undefined;
  return { latitude: stripPlus(latitude), longitude: stripPlus(longitude) };
}

/** Splits a valid position, such as that of a location. */
export function splitPosition(field: ByteString): Position {
  // The longitude starts with the last sign; one at the start is that of the latitude.
  const lastMinus = field.lastIndexOf('-');
  const longitudeStart = lastMinus > 0 ? lastMinus : field.lastIndexOf('+');
  return { latitude: stripPlus(field.slice(0, longitudeStart)), longitude: stripPlus(field.slice(longitudeStart)) };
}

function stripPlus(degrees: string): string {
  return degrees.startsWith('+') ? degrees.slice(1) : degrees;
}

/** Formats a position in ISO 6709, with seven decimals (one centimetre). */
export function formatIsoPosition(latitude: number, longitude: number): string {
  return formatSignedDegrees(latitude) + formatSignedDegrees(longitude);
}

function formatSignedDegrees(degrees: number): string {
  return `${degrees < 0 ? '-' : '+'}${Math.abs(degrees).toFixed(7)}`;
}
