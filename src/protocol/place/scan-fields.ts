import { maxServerIdLength } from './ids.js';

/*
 * The patterns of the fields of IAMAT and AT lines (ids.ts, position.ts, time.ts, location.ts), matched on bytes and without allocation
 * for the lines that a server receives most. Each function returns the end of the field that begins at `start`, or `noMatch`. The field
 * is as long as possible, so it is valid as a whole only if a separator follows.
 */

/** Returned instead of the end of a field that is not valid. */
export const noMatch = -1;

/** Values of the field that was matched last by `findTimeEnd` or `findSkewEnd`, kept here because returning them would allocate. */
export const matched = {
  /** Whole seconds, of a skew without its sign. */
  seconds: 0,
  nanoseconds: 0,
};

const PLUS = 43;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const SPACE = 32;
const TAB = 9;
const CR = 13;

const maxSecondsDigits = 15;
const nanosecondDigits = 9;
/** Factor of the digits of a fraction of a second, by their number. */
const nanosecondsPerUnit = Float64Array.from({ length: nanosecondDigits + 1 }, (_, digits) => 10 ** (9 - digits));

/** Finds the end of an ISO 6709 position: latitude and longitude, at most 90 and 180 degrees to the last digit. */
export function findPositionEnd(view: DataView, start: number, end: number): number {
  const latitudeEnd = findDegreesEnd(view, start, end, 90);
  return latitudeEnd < 0 ? noMatch : findDegreesEnd(view, latitudeEnd, end, 180);
}

/** Finds the end of a sign and degrees, of which as many digits as in `limit` may stand before the point. */
function findDegreesEnd(view: DataView, start: number, end: number, limit: 90 | 180): number {
  if (start >= end) return noMatch;
  const sign = view.getUint8(start);
  if (sign !== PLUS && sign !== MINUS) return noMatch;
  const digitsStart = start + 1;
  const maxDigits = limit === 90 ? 2 : 3;
  let degrees = 0;
  let index = digitsStart;
  for (; index < end; index += 1) {
    const digit = view.getUint8(index) - ZERO;
    if (digit < 0 || digit > 9) break;
    // Rejected before it is counted: leading zeros are digits as well.
    if (index - digitsStart === maxDigits) return noMatch;
    degrees = degrees * 10 + digit;
  }
  if (index === digitsStart || degrees > limit) return noMatch;
  if (index === end || view.getUint8(index) !== POINT) return index;
  const fractionEnd = degrees === limit ? skipZeros(view, index + 1, end) : skipDigits(view, index + 1, end);
  if (fractionEnd === index + 1) return noMatch;
  // 90.01 is 90.0 with a further digit.
  return degrees === limit && fractionEnd < end && isDigit(view.getUint8(fractionEnd)) ? noMatch : fractionEnd;
}

/** Finds the end of a time: up to 15 digits of seconds, and a fraction of any length. Leaves its value in `matched`. */
export function findTimeEnd(view: DataView, start: number, end: number): number {
  let seconds = 0;
  let index = start;
  for (; index < end; index += 1) {
    const digit = view.getUint8(index) - ZERO;
    if (digit < 0 || digit > 9) break;
    if (index - start === maxSecondsDigits) return noMatch;
    seconds = seconds * 10 + digit;
  }
  if (index === start) return noMatch;
  matched.seconds = seconds;
  matched.nanoseconds = 0;
  if (index === end || view.getUint8(index) !== POINT) return index;
  const fractionStart = index + 1;
  const parsedEnd = Math.min(end, fractionStart + nanosecondDigits);
  let fraction = 0;
  for (index = fractionStart; index < parsedEnd; index += 1) {
    const digit = view.getUint8(index) - ZERO;
    if (digit < 0 || digit > 9) break;
    fraction = fraction * 10 + digit;
  }
  if (index === fractionStart) return noMatch;
  matched.nanoseconds = fraction * (nanosecondsPerUnit[index - fractionStart] ?? 0);
  return index < parsedEnd ? index : skipDigits(view, index, end);
}

/** Finds the end of a skew: a sign, and a time with nine decimals. Leaves its amount, without the sign, in `matched`. */
export function findSkewEnd(view: DataView, start: number, end: number): number {
  if (start >= end) return noMatch;
  const sign = view.getUint8(start);
  if (sign !== PLUS && sign !== MINUS) return noMatch;
  const skewEnd = findTimeEnd(view, start + 1, end);
  const point = skewEnd - nanosecondDigits - 1;
  return point > start + 1 && view.getUint8(point) === POINT ? skewEnd : noMatch;
}

/** Finds the end of a server ID of up to 64 bytes. */
export function findServerIdEnd(view: DataView, start: number, end: number): number {
  if (start >= end || !isAlphanumeric(view.getUint8(start))) return noMatch;
  const maxEnd = Math.min(end, start + maxServerIdLength);
  let index = start + 1;
  while (index < maxEnd && isServerIdByte(view.getUint8(index))) index += 1;
  return index;
}

/** Finds the end of a client ID: of the bytes that are not white space. */
export function findClientIdEnd(view: DataView, start: number, end: number): number {
  let index = start;
  while (index + 3 < end && isPrintableWord(view.getInt32(index, true))) index += 4;
  while (index < end && !isWhiteSpace(view.getUint8(index))) index += 1;
  return index === start ? noMatch : index;
}

/** Returns the end of the white space, as in `fieldsOf`, that begins at `start`; `start` if there is none. */
export function skipWhiteSpace(view: DataView, start: number, end: number): number {
  let index = start;
  while (index < end && isWhiteSpace(view.getUint8(index))) index += 1;
  return index;
}

/** Whether a range consists of printable ASCII without spaces: 0x21 to 0x7e. */
export function isPrintableField(view: DataView, start: number, end: number): boolean {
  let index = start;
  while (index + 3 < end && isPrintableWord(view.getInt32(index, true))) index += 4;
  for (; index < end; index += 1) if (!isPrintable(view.getUint8(index))) return false;
  return true;
}

/** Whether a range consists of printable ASCII and spaces: 0x20 to 0x7e. */
export function isPrintableText(view: DataView, start: number, end: number): boolean {
  for (let index = start; index < end; index += 1) {
    const byte = view.getUint8(index);
    if (byte !== SPACE && !isPrintable(byte)) return false;
  }
  return true;
}

/** Whether each of four bytes is in 0x21 to 0x7e. */
function isPrintableWord(word: number): boolean {
  // With a highest bit set, or set by adding 1, a byte is above 0x7e. Otherwise no sum carries into the next byte, and those from 0x21
  // upwards reach the highest bit by adding 0x5f.
  const isLow = ((word | (word + 0x01010101)) & 0x80808080) === 0;
  return isLow && (~(word + 0x5f5f5f5f) & 0x80808080) === 0;
}

function isPrintable(byte: number): boolean {
  return byte > SPACE && byte < 0x7f;
}

function skipDigits(view: DataView, start: number, end: number): number {
  let index = start;
  while (index < end && isDigit(view.getUint8(index))) index += 1;
  return index;
}

function skipZeros(view: DataView, start: number, end: number): number {
  let index = start;
  while (index < end && view.getUint8(index) === ZERO) index += 1;
  return index;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= ZERO + 9;
}

function isWhiteSpace(byte: number): boolean {
  return byte === SPACE || (byte <= CR && byte >= TAB);
}

function isAlphanumeric(byte: number): boolean {
  // With this bit set, a capital letter is the small one; no other byte becomes a letter that is none.
  const small = byte | 0x20;
  return (small >= 97 && small <= 122) || isDigit(byte);
}

function isServerIdByte(byte: number): boolean {
  return isAlphanumeric(byte) || byte === MINUS || byte === UNDERSCORE;
}

const UNDERSCORE = 95;
