import type { ByteString } from './byte-string.js';

/** Bytes behind the end of a buffer, so that its last bytes can be read and written as words. */
const paddingBytes = 16;

/** Length up to which the end of a line is found faster by words than by a call of Node. */
const shortLineBytes = 256;

const LF = 10;

/**
 * Buffer that is read and written by words of four bytes: several times as fast as byte by byte, or as a call of Node for a short
 * copy. Up to four words may extend beyond `size` into the padding, never beyond the memory.
 */
export class WordBuffer {
  readonly bytes: Buffer;
  readonly view: DataView;

  /** @param size bytes that may be used */
  constructor(readonly size: number) {
    const memory = new ArrayBuffer(size + paddingBytes);
    this.bytes = Buffer.from(memory, 0, size);
    this.view = new DataView(memory);
  }

  /** Creates a buffer with the bytes of a text. */
  static of(text: ByteString): WordBuffer {
    const buffer = new WordBuffer(text.length);
    buffer.write(text, 0);
    return buffer;
  }

  /** Writes a text at an offset; returns where it ends. */
  write(text: ByteString, at: number): number {
    return at + this.bytes.write(text, at, 'latin1');
  }

  /** Sets all bytes of a range. */
  fill(byte: number, start: number, end: number): void {
    const { view } = this;
    const word = byte * 0x01010101;
    let at = start;
    for (; at + 4 <= end; at += 4) view.setInt32(at, word);
    for (; at < end; at += 1) view.setUint8(at, byte);
  }

  /** Returns the position of the first LF in a range of whole lines; -1 if there is none. */
  findLineEnd(start: number, end: number): number {
    const nearEnd = Math.min(end, start + shortLineBytes);
    const near = findLineEnd(this.view, start, nearEnd);
    if (near >= 0 || nearEnd === end) return near;
    const far = this.bytes.indexOf(LF, nearEnd);
    return far < end ? far : -1;
  }

  /** Decodes a range of bytes. */
  text(start: number, end: number): ByteString {
    return this.bytes.toString('latin1', start, end);
  }
}

/** Copies a short range of bytes by words. Up to three bytes behind the target range are overwritten. */
export function copyWords(source: DataView, start: number, end: number, target: DataView, at: number): void {
  for (let from = start, to = at; from < end; from += 4, to += 4) {
    target.setInt32(to, source.getInt32(from, true), true);
  }
}

/** Whether two ranges of bytes of the same length are equal. */
export function equalBytes(a: DataView, aStart: number, b: DataView, bStart: number, length: number): boolean {
  let index = 0;
  for (; index + 3 < length; index += 4) {
    if (a.getInt32(aStart + index, true) !== b.getInt32(bStart + index, true)) return false;
  }
  for (; index < length; index += 1) if (a.getUint8(aStart + index) !== b.getUint8(bStart + index)) return false;
  return true;
}

/** Returns the position of the first LF in a range; -1 if there is none. */
export function findLineEnd(view: DataView, start: number, end: number): number {
  for (let index = start; index < end; index += 4) {
    // A byte of `word` is 0 where there is a LF. The expression is not 0 if one of them is (Hacker's Delight, section 6-1).
    const word = view.getInt32(index, true) ^ 0x0a0a0a0a;
    if (((word - 0x01010101) & ~word & 0x80808080) === 0) continue;
    for (let at = index; at < index + 4 && at < end; at += 1) if (view.getUint8(at) === LF) return at;
  }
  return -1;
}
