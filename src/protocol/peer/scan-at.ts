import type { ServerId } from '../place/ids.js';
import type { LocationBatch } from '../place/location-batch.js';
import { maxCountedSkewSeconds } from '../place/location-order.js';
import { atPrefix } from '../place/location.js';
import {
  findClientIdEnd,
  findPositionEnd,
  findServerIdEnd,
  findSkewEnd,
  findTimeEnd,
  matched,
  noMatch,
} from '../place/scan-fields.js';
import { NANOSECONDS_PER_SECOND } from '../place/time.js';
import { equalBytes, WordBuffer } from '../text/word-buffer.js';

const SPACE = 32;
const MINUS = 45;

/** The bytes of `AT ` in the lower three bytes of a little-endian word. */
const AT_SPACE = 0x20_54_41;

/**
 * Reads the AT lines of another server on bytes, without text or objects for each line. Accepts exactly the lines that `parsePeerLine`
 * parses to an AT line of this forwarder.
 */
export class PeerAtScanner {
  /** A space and the forwarder; empty for lines without forwarder. */
  private readonly suffix: WordBuffer;

  /** @param forwarder the neighbour; undefined for lines without forwarder */
  constructor(forwarder: ServerId | undefined) {
    this.suffix = WordBuffer.of(forwarder === undefined ? '' : ` ${forwarder}`);
  }

  /**
   * Adds the row of a line to a batch that has borrowed the buffer of the line.
   *
   * @param start start of the line; `end`: its end, without CR and LF
   * @returns false, with the batch unchanged, if the line is not a valid AT line of the forwarder
   */
  scan(start: number, end: number, batch: LocationBatch): boolean {
    const { view } = batch.buffer;
    const { suffix } = this;
    const lineEnd = end - suffix.size;
    if (lineEnd - start < atPrefix.length || (view.getInt32(start, true) & 0xffffff) !== AT_SPACE) return false;
    if (!equalBytes(view, lineEnd, suffix.view, 0, suffix.size)) return false;
    const skew = findServerIdEnd(view, start + atPrefix.length, lineEnd) + 1;
    if (skew === noMatch + 1 || view.getUint8(skew - 1) !== SPACE) return false;
    const client = findSkewEnd(view, skew, lineEnd) + 1;
    if (client === noMatch + 1 || view.getUint8(client - 1) !== SPACE) return false;
    const skewSeconds = matched.seconds;
    const skewNanoseconds = matched.nanoseconds;
    const clientEnd = findClientIdEnd(view, client, lineEnd);
    if (clientEnd === noMatch || view.getUint8(clientEnd) !== SPACE) return false;
    const positionEnd = findPositionEnd(view, clientEnd + 1, lineEnd);
    if (positionEnd === noMatch || view.getUint8(positionEnd) !== SPACE) return false;
    if (findTimeEnd(view, positionEnd + 1, lineEnd) !== lineEnd) return false;

    if (!matched.isPrintable) batch.isPrintable = false;
    let { seconds, nanoseconds } = matched;
    const isAhead = view.getUint8(skew) === MINUS;
    const aheadSeconds = skewSeconds - maxCountedSkewSeconds;
    if (isAhead && (aheadSeconds > 0 || (aheadSeconds === 0 && skewNanoseconds > 0))) {
      // The client's time counts as 60 s after its receipt ([LO1]).
      seconds -= aheadSeconds;
      nanoseconds -= skewNanoseconds;
      if (nanoseconds < 0) {
        seconds -= 1;
        nanoseconds += NANOSECONDS_PER_SECOND;
      }
    }
    batch.add(start, lineEnd, client, clientEnd, seconds, nanoseconds);
    return true;
  }
}
