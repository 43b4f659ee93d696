import { maxServerIdLength } from './ids.js';

/*
 * The patterns of the fields of IAMAT and AT lines (ids.ts, position.ts, time.ts, location.ts), matched on bytes and without allocation
 * for the lines that a server receives most. Each function returns the end of the longest valid field that begins at `start`, or
 * `noMatch`. The text as a whole is valid only if a separator follows. Views are those of a WordBuffer: words may extend beyond `end`.
 */

/** Returned instead of the end of a field that is not valid. */
export const noMatch = -1;

/** Values of the fields that were matched last, kept here because returning them would allocate. */
export const matched = {
  /** Whole seconds of a time; of a skew without its sign. */
  seconds: 0,
  /** Nanoseconds of a time or skew. */
  nanoseconds: 0,
  /** Whether a client ID consists of printable ASCII. */
  isPrintable: true,
};

const SPACE = 32;
const PLUS = 43;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const UNDERSCORE = 95;
const TAB = 9;
const CR = 13;

const maxSecondsDigits = 15;
const nanosecondDigits = 9;

/** Powers of ten up to 10^9. */
const powersOfTen = Float64Array.from({ length: nanosecondDigits + 1 }, (_, exponent) => 10 ** exponent);

/** Finds the end of an ISO 6709 position: latitude and longitude, at most 90 and 180 degrees to the last digit. */
export function findPositionEnd(view: DataView, start: number, end: number): number {
  const latitudeEnd = findDegreesEnd(view, start, end, 90, 2);
  return latitudeEnd === noMatch ? noMatch : findDegreesEnd(view, latitudeEnd, end, 180, 3);
}

/** Finds the end of a sign and degrees. */
function findDegreesEnd(view: DataView, start: number, end: number, limit: number, maxDigits: number): number {
  if (start >= end || !isSign(view.getUint8(start))) return noMatch;
  const word = view.getInt32(start + 1, true);
  const count = Math.min(countDigits(word), maxDigits, end - start - 1);
  if (count === 0) return noMatch;
  const degrees = parseDigitWord(word, count);
  if (degrees > limit) return noMatch;
  const point = start + 1 + count;
  if (point >= end || view.getUint8(point) !== POINT) return point;
  // To the last digit: behind the limit, the decimals end with the first that is not 0.
  const decimalsEnd = degrees === limit ? skipZeros(view, point + 1, end) : skipDigits(view, point + 1, end);
  return decimalsEnd === point + 1 ? noMatch : decimalsEnd;
}

/** Finds the end of a time: up to 15 digits of seconds, and decimals of any number. Leaves its value in `matched`. */
export function findTimeEnd(view: DataView, start: number, end: number): number {
  const point = parseDigitsUpTo(view, start, Math.min(end, start + maxSecondsDigits));
  if (point === start) return noMatch;
  matched.seconds = parsedNumber.value;
  matched.nanoseconds = 0;
  if (point === end || view.getUint8(point) !== POINT) return point;
  const decimals = point + 1;
  const nanosecondsEnd = parseDigitsUpTo(view, decimals, Math.min(end, decimals + nanosecondDigits));
  if (nanosecondsEnd === decimals) return noMatch;
  const missingDigits = decimals + nanosecondDigits - nanosecondsEnd;
  matched.nanoseconds = parsedNumber.value * (powersOfTen[missingDigits] ?? 0);
  return missingDigits === 0 ? skipDigits(view, nanosecondsEnd, end) : nanosecondsEnd;
}

/** Finds the end of a skew: a sign, and a time with nine decimals. Leaves its amount, without the sign, in `matched`. */
export function findSkewEnd(view: DataView, start: number, end: number): number {
  if (start >= end || !isSign(view.getUint8(start))) return noMatch;
  const skewEnd = findTimeEnd(view, start + 1, end);
  const point = skewEnd - nanosecondDigits - 1;
  return point > start && view.getUint8(point) === POINT ? skewEnd : noMatch;
}

/** Finds the end of a server ID of up to 64 bytes. */
export function findServerIdEnd(view: DataView, start: number, end: number): number {
  if (start >= end || !isAlphanumeric(view.getUint8(start))) return noMatch;
  const maxEnd = Math.min(end, start + maxServerIdLength);
  let index = start + 1;
  while (index < maxEnd && isServerIdByte(view.getUint8(index))) index += 1;
  return index;
}

/** Finds the end of a client ID: of bytes that are not white space. Leaves in `matched` whether they are printable ASCII. */
export function findClientIdEnd(view: DataView, start: number, end: number): number {
  let isPrintable = true;
  let index = start;
  while (index + 3 < end && isPrintableWord(view.getInt32(index, true))) index += 4;
  for (; index < end; index += 1) {
    const byte = view.getUint8(index);
    if (byte > SPACE && byte < 0x7f) continue;
    if (isWhiteSpace(byte)) break;
    isPrintable = false;
  }
  matched.isPrintable = isPrintable;
  return index === start ? noMatch : index;
}

/** Returns the end of the white space, as in `fieldsOf`, that begins at `start`; `start` if there is none. */
export function skipWhiteSpace(view: DataView, start: number, end: number): number {
  let index = start;
  while (index < end && isWhiteSpace(view.getUint8(index))) index += 1;
  return index;
}

/** Whether a range consists of printable ASCII and spaces: 0x20 to 0x7e. */
export function isPrintableText(view: DataView, start: number, end: number): boolean {
  for (let index = start; index < end; index += 1) {
    const byte = view.getUint8(index);
    if (byte < SPACE || byte > 0x7e) return false;
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

/** The number that `parseDigitsUpTo` parsed last. */
const parsedNumber = { value: 0 };

/** Parses the digits that begin at `start`, up to `end`: leaves their number in `parsedNumber`, and returns where they end. */
function parseDigitsUpTo(view: DataView, start: number, end: number): number {
  let number = 0;
  let index = start;
  while (index < end) {
    const word = view.getInt32(index, true);
    const count = Math.min(countDigits(word), end - index);
    if (count === 0) break;
    number = number * (powersOfTen[count] ?? 0) + parseDigitWord(word, count);
    index += count;
    if (count < 4) break;
  }
  parsedNumber.value = number;
  return index;
}

/** Returns the end of the digits that begin at `start`. */
function skipDigits(view: DataView, start: number, end: number): number {
  for (let index = start; index < end; index += 4) {
    const count = countDigits(view.getInt32(index, true));
    if (count < 4) return Math.min(index + count, end);
  }
  return end;
}

/** Returns how many of four bytes are digits before the first that is none. */
function countDigits(word: number): number {
  // A digit becomes 0 to 9. From 10 upwards, adding 0x76 sets the highest bit. The first byte of which a sum carries has it set already.
  const digits = word ^ 0x30303030;
  const others = (digits | (digits + 0x76767676)) & 0x80808080;
  return others === 0 ? 4 : (31 - Math.clz32(others & -others)) >> 3;
}

/** Returns the number of the first `count` bytes, which are 1 to 4 digits. */
function parseDigitWord(word: number, count: number): number {
  // As if zeros stood in front. Then two numbers of two digits in parallel, and one of four.
  const digits = (word ^ 0x30303030) << (32 - 8 * count);
  const pairs = (digits * 10 + (digits >>> 8)) & 0x00ff00ff;
  return (pairs & 0xff) * 100 + (pairs >>> 16);
}

function skipZeros(view: DataView, start: number, end: number): number {
  let index = start;
  while (index < end && view.getUint8(index) === ZERO) index += 1;
  return index;
}

function isSign(byte: number): boolean {
  return byte === PLUS || byte === MINUS;
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
