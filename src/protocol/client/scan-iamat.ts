import type { LocationBatch } from '../place/location-batch.js';
import { maxCountedSkewSeconds } from '../place/location-order.js';
import { atPrefix } from '../place/location.js';
import type { ServerId } from '../place/ids.js';
import { maxReportFieldBytes } from '../place/report.js';
import {
  findClientIdEnd,
  findPositionEnd,
  findTimeEnd,
  isPrintableText,
  matched,
  noMatch,
  skipWhiteSpace,
} from '../place/scan-fields.js';
import { isTooFarAhead, NANOSECONDS_PER_SECOND, type Instant } from '../place/time.js';
import { copyWords, WordBuffer } from '../text/word-buffer.js';

/** Limits of the reports that are accepted. */
export interface ReportLimits {
  /** Maximum length of a client ID in bytes. */
  readonly maxClientIdBytes: number;
  /** Maximum milliseconds by which a client's time may be ahead of the server's. */
  readonly maxFutureSkewMs: number;
}

const LF = 10;
const SPACE = 32;
const PLUS = 43;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const T = 84;

/** The bytes of `IAMA` as a little-endian word. */
const IAMA = 0x414d4149;
const keywordBytes = 5;

/** Maximum bytes of a skew with its sign, any double without a fraction (up to 2^53), a point and nine decimals. */
const maxSkewBytes = 27;

/** The digits of each number below 1,000 as three bytes, and a space, in a little-endian word. */
const threeDigits = Int32Array.from({ length: 1_000 }, (_, number) => {
  const digit = (divisor: number) => ZERO + (Math.floor(number / divisor) % 10);
  return digit(100) | (digit(10) << 8) | (digit(1) << 16) | (SPACE << 24);
});

/**
 * Turns IAMAT commands into AT lines on bytes, without text or objects for each line. Accepts exactly the lines of which `parseCommand`
 * and `acceptReport` make a location, and makes the same one.
 */
export class IamatScanner {
  /** False after a line was accepted that has bytes other than printable ASCII and spaces. The caller sets it to true again. */
  isInputPrintable = true;
  /** `AT`, the server, and spaces. */
  private readonly prefix: WordBuffer;
  private readonly maxClientIdBytes: number;
  private readonly maxFutureSkewMs: number;

  constructor(server: ServerId, { maxClientIdBytes, maxFutureSkewMs }: ReportLimits) {
    this.prefix = WordBuffer.of(`${atPrefix}${server} `);
    this.maxClientIdBytes = maxClientIdBytes;
    this.maxFutureSkewMs = maxFutureSkewMs;
  }

  /**
   * Appends the AT line of a report, with LF, to the batch's own buffer, and adds its row.
   *
   * @param start start of a line in `buffer`; `end`: its end, without CR and LF
   * @param receivedAt the server's time
   * @returns false, with the batch unchanged, if the line is not an acceptable IAMAT
   */
  scan(buffer: WordBuffer, start: number, end: number, receivedAt: Instant, batch: LocationBatch): boolean {
    const { view } = buffer;
    const keyword = skipWhiteSpace(view, start, end);
    const keywordEnd = keyword + keywordBytes;
    if (keywordEnd >= end || view.getInt32(keyword, true) !== IAMA || view.getUint8(keyword + 4) !== T) return false;
    const client = skipWhiteSpace(view, keywordEnd, end);
    const clientEnd = findClientIdEnd(view, client, end);
    if (client === keywordEnd || clientEnd === noMatch || clientEnd - client > this.maxClientIdBytes) return false;
    const position = skipWhiteSpace(view, clientEnd, end);
    const positionEnd = findPositionEnd(view, position, end);
    if (positionEnd === noMatch || positionEnd - position > maxReportFieldBytes) return false;
    const time = skipWhiteSpace(view, positionEnd, end);
    const timeEnd = findTimeEnd(view, time, end);
    if (time === positionEnd || timeEnd === noMatch || timeEnd - time > maxReportFieldBytes) return false;
    if (timeEnd !== end && skipWhiteSpace(view, timeEnd, end) !== end) return false;
    if (isTooFarAhead(matched, receivedAt, this.maxFutureSkewMs)) return false;

    if (!matched.isPrintable) batch.isPrintable = false;
    const areSeparatorsUsual = isSpace(view, clientEnd, position) && isSpace(view, positionEnd, time);
    const isUsual = areSeparatorsUsual && keyword === start && isSpace(view, keywordEnd, client) && timeEnd === end;
    if (!(isUsual ? matched.isPrintable : isPrintableText(view, start, end))) this.isInputPrintable = false;

    const target = batch.reserve(this.prefix.size + maxSkewBytes + timeEnd - client + 4);
    const lineStart = batch.end;
    copyWords(this.prefix.view, 0, this.prefix.size, target.view, lineStart);
    const lineClient = this.writeSkew(target, lineStart + this.prefix.size, receivedAt);
    const lineClientEnd = lineClient + clientEnd - client;
    let lineEnd = lineClient + timeEnd - client;
    if (areSeparatorsUsual) {
      copyWords(view, client, timeEnd, target.view, lineClient);
    } else {
      copyWords(view, client, clientEnd, target.view, lineClient);
      target.view.setUint8(lineClientEnd, SPACE);
      const linePositionEnd = lineClientEnd + 1 + positionEnd - position;
      copyWords(view, position, positionEnd, target.view, lineClientEnd + 1);
      target.view.setUint8(linePositionEnd, SPACE);
      lineEnd = linePositionEnd + 1 + timeEnd - time;
      copyWords(view, time, timeEnd, target.view, linePositionEnd + 1);
    }
    target.view.setUint8(lineEnd, LF);
    batch.use(lineEnd + 1);
    // With a skew of less than -60 s, the client's time counts as 60 s after its receipt ([LO1]).
    const latestSeconds = receivedAt.seconds + maxCountedSkewSeconds;
    const isSentLater =
      matched.seconds > latestSeconds ||
      (matched.seconds === latestSeconds && matched.nanoseconds > receivedAt.nanoseconds);
    const seconds = isSentLater ? latestSeconds : matched.seconds;
    const nanoseconds = isSentLater ? receivedAt.nanoseconds : matched.nanoseconds;
    batch.add(lineStart, lineEnd, lineClient, lineClientEnd, seconds, nanoseconds);
    return true;
  }

  /** Writes the skew of the report whose time was matched, as `formatSkew` does, and a space; returns the end of the space. */
  private writeSkew(target: WordBuffer, at: number, receivedAt: Instant): number {
    let seconds = receivedAt.seconds - matched.seconds;
    let nanoseconds = receivedAt.nanoseconds - matched.nanoseconds;
    const isLate = seconds > 0 || (seconds === 0 && nanoseconds >= 0);
    if (!isLate) {
      seconds = -seconds;
      nanoseconds = -nanoseconds;
    }
    if (nanoseconds < 0) {
      seconds -= 1;
      nanoseconds += NANOSECONDS_PER_SECOND;
    }
    const { view } = target;
    view.setUint8(at, isLate ? PLUS : MINUS);
    let end = at + 1;
    if (seconds < 10) {
      view.setUint8(end, ZERO + seconds);
      end += 1;
    } else {
      end = target.write(String(seconds), end);
    }
    const milliseconds = Math.floor(nanoseconds / 1_000_000);
    const microseconds = Math.floor(nanoseconds / 1_000) - milliseconds * 1_000;
    view.setUint8(end, POINT);
    view.setInt32(end + 1, threeDigits[milliseconds] ?? 0, true);
    view.setInt32(end + 4, threeDigits[microseconds] ?? 0, true);
    view.setInt32(end + 7, threeDigits[nanoseconds % 1_000] ?? 0, true);
    return end + 11;
  }
}

/** Whether a separator is one space. */
function isSpace(view: DataView, start: number, end: number): boolean {
  return end - start === 1 && view.getUint8(start) === SPACE;
}
