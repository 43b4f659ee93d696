import { expect } from 'chai';
import fc from 'fast-check';

import type { ByteString } from '../../../src/protocol/text/bytes.js';
import { hasOverlongLine, LineInput, linesOf, type LineRegion } from '../../../src/protocol/text/line-input.js';
import { textEndOf } from '../../../src/protocol/text/lines.js';
import { WordBuffer } from '../../../src/protocol/text/word-buffer.js';
import { allBytes, byteStrings, chunkedStreams, invalidUtf8 } from '../../support/arbitraries.js';

const maxLineBytes = 8;

/** A line, or the start of a line that is too long. */
type Frame = ByteString | { readonly overlong: ByteString };

function overlong(start: ByteString): Frame {
  return { overlong: start };
}

/** The lines of a region, as a reader with a limit finds them. */
function framesIn(region: LineRegion, limit = maxLineBytes): Frame[] {
  const { buffer, start: regionStart, end, isUnterminated } = region;
  const frames: Frame[] = [];
  let start = regionStart;
  for (let at = regionStart; at < end; at += 1) {
    if (buffer.bytes[at] !== 0x0a) continue;
    const text = buffer.text(start, isUnterminated ? at : textEndOf(buffer, start, at));
    frames.push(text.length > limit ? overlong(text.slice(0, limit)) : text);
    start = at + 1;
  }
  expect(start, 'a region ends behind a line').to.equal(end);
  if (isUnterminated) return frames;
  expect(hasOverlongLine(region, limit)).to.equal(frames.some((frame) => typeof frame !== 'string'));
  if (frames.every((frame) => typeof frame === 'string')) {
    expect([...linesOf(region)]).to.deep.equal(frames);
  }
  return frames;
}

/** Input whose chunks lie somewhere in one buffer, which is overwritten after each. */
class Reader {
  private readonly input: LineInput;
  private readonly buffer = new WordBuffer(200_000);

  constructor(private readonly limit = maxLineBytes) {
    this.input = new LineInput(limit);
  }

  push(chunk: ByteString | Buffer, start = 3): Frame[] {
    const { buffer, limit } = this;
    buffer.bytes.fill('\n', 0, start);
    const end = buffer.write(typeof chunk === 'string' ? chunk : chunk.toString('latin1'), start);
    buffer.bytes[end] = 0x0a;
    const regions = this.input.push(buffer, start, end);
    const frames = regions.flatMap((region) => framesIn(region, limit));
    buffer.bytes.fill('\n', 0, end);
    return frames;
  }

  end(): Frame[] {
    const last = this.input.end();
    if (last === undefined) return [];
    expect(last.isUnterminated).to.equal(true);
    return framesIn(last, this.limit);
  }
}

function framesOf(chunks: readonly (Buffer | ByteString)[], limit = maxLineBytes): Frame[] {
  const reader = new Reader(limit);
  const frames = chunks.flatMap((chunk, index) => reader.push(chunk, index % 6));
  return [...frames, ...reader.end()];
}

/** The rules as they would be written down for a whole stream at once. */
function framesByTheBook(stream: ByteString): Frame[] {
  const lines = stream.split('\n');
  const last = lines.pop() ?? '';
  const whole = lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  if (last !== '') whole.push(last);
  return whole.map((line) => (line.length > maxLineBytes ? overlong(line.slice(0, maxLineBytes)) : line));
}

/** Streams with lines around the limit and line ends of every kind. */
const streams = fc
  .array(fc.oneof(fc.constantFrom('\n', '\r', '\r\n', 'a', '1234567', '12345678', ' '), byteStrings({ maxLength: 4 })))
  .map((pieces) => pieces.join(''));

describe('LineInput', () => {
  it('[FR1] passes every byte unchanged', () => {
    const line = allBytes.filter((byte) => byte !== '\n').join('');
    expect(framesOf([`${line}\n`], 300)).to.deep.equal([line]);
    for (const bytes of invalidUtf8) expect(framesOf([`${bytes}\n`])).to.deep.equal([bytes]);
  });

  it('[FR2] ends a line at LF or CRLF', () => {
    expect(framesOf(['a\nb\r\nc\n'])).to.deep.equal(['a', 'b', 'c']);
    expect(framesOf(['\n\r\n\n'])).to.deep.equal(['', '', '']);
  });

  it('[FR3] treats one CR right before LF as part of the line end, and no other', () => {
    expect(framesOf(['a\r\r\n\ra\r b\n\r\r\r\n'])).to.deep.equal(['a\r', '\ra\r b', '\r\r']);
    expect(framesOf(['a\r', '\r', '\n', '\r', 'b\n'])).to.deep.equal(['a\r', '\rb']);
  });

  it('[FR4] ends the last line with the stream', () => {
    expect(framesOf(['a\nb'])).to.deep.equal(['a', 'b']);
    expect(framesOf(['a\nb\n'])).to.deep.equal(['a', 'b']);
    expect(framesOf(['a\r'])).to.deep.equal(['a\r']);
    expect(framesOf(['\r'])).to.deep.equal(['\r']);
    expect(framesOf([])).to.deep.equal([]);
    expect(framesOf([''])).to.deep.equal([]);
  });

  it('[FR4] ends it once', () => {
    const reader = new Reader();
    reader.push('a');
    expect([reader.end(), reader.end()]).to.deep.equal([['a'], []]);
  });

  it('[FR5] finds the same lines however the stream is split', () => {
    fc.assert(
      fc.property(chunkedStreams(streams), ({ bytes, chunks }) => {
        expect(framesOf(chunks)).to.deep.equal(framesByTheBook(bytes));
      }),
      { numRuns: 1_000 },
    );
  });

  it('[FR5] finds the same lines byte by byte', () => {
    fc.assert(
      fc.property(streams, (bytes) => {
        expect(framesOf(Array.from(bytes))).to.deep.equal(framesByTheBook(bytes));
      }),
    );
  });

  it('[FR5] returns a line as soon as its end is received', () => {
    const reader = new Reader();
    expect(reader.push('a\nb')).to.deep.equal(['a']);
    expect(reader.push('\n')).to.deep.equal(['b']);
  });

  it('[FR6] accepts a line at the limit, not counting its line end', () => {
    for (const end of ['\n', '\r\n', '']) {
      expect(framesOf([`12345678${end}`])).to.deep.equal(['12345678']);
      expect(framesOf(Array.from(`12345678${end}`))).to.deep.equal(['12345678']);
    }
  });

  it('[FR7] truncates a longer line, and reads the next one as usual', () => {
    const cases = [
      ['123456789\nnext\n', ['12345678']],
      ['123456789\r\nnext\n', ['12345678']],
      ['12345678\r\r\nnext\n', ['12345678']],
      ['12345678\rx\nnext\n', ['12345678']],
      [`12345678${'9'.repeat(100_000)}\nnext\n`, ['12345678']],
      ['1234567\r9\nnext\n', ['1234567\r']],
    ] as const;
    for (const [stream, starts] of cases) {
      const frames = [...starts.map(overlong), 'next'];
      expect(framesOf([stream]), JSON.stringify(stream)).to.deep.equal(frames);
      if (stream.length > 100) continue;
      expect(framesOf(Array.from(stream)), JSON.stringify(stream)).to.deep.equal(frames);
    }
  });

  it('[FR7] does not wait for the end of a line that is too long', () => {
    const reader = new Reader();
    expect(reader.push('12345678')).to.deep.equal([]);
    expect(reader.push('\r')).to.deep.equal([]);
    expect(reader.push('x')).to.deep.equal([overlong('12345678')]);
    expect(reader.push('more')).to.deep.equal([]);
    expect(reader.push('\nnext\n')).to.deep.equal(['next']);
  });

  it('[FR7] reports an overlong last line once', () => {
    for (const stream of ['12345678\r', '123456789', '12345678\r\r']) {
      expect(framesOf([stream]), JSON.stringify(stream)).to.deep.equal([overlong('12345678')]);
      expect(framesOf(Array.from(stream)), JSON.stringify(stream)).to.deep.equal([overlong('12345678')]);
    }
  });

  it('[FR7] keeps neither skipped bytes nor the chunk of an incomplete line in memory', () => {
    const input = new LineInput(100);
    const chunk = WordBuffer.of(`${'x'.repeat(65_536)}\n${'y'.repeat(65_536)}`);
    input.push(chunk, 0, chunk.size - 65_500);
    const held = input.end()?.buffer;
    expect(held?.size).to.be.within(36, 103);
    const [, tooLong] = input.push(chunk, 0, chunk.size);
    expect(tooLong?.buffer.size).to.be.within(102, 103);
  });

  it('refers to the chunk instead of copying whole lines', () => {
    const input = new LineInput(100);
    const chunk = WordBuffer.of('one\ntwo\r\nthree');
    expect(input.push(chunk, 0, chunk.size)).to.deep.equal([
      { buffer: chunk, start: 0, end: 9, isUnterminated: false },
    ]);
    const next = WordBuffer.of('3\nfour\n');
    const [three, four] = input.push(next, 0, next.size);
    expect(three?.buffer.text(three.start, three.end)).to.equal('three3\n');
    expect(four).to.deep.equal({ buffer: next, start: 2, end: 7, isUnterminated: false });
  });
});

describe('hasOverlongLine', () => {
  const has = (text: ByteString, limit: number) => {
    const buffer = WordBuffer.of(`\n${text}`);
    return hasOverlongLine({ buffer, start: 1, end: buffer.size, isUnterminated: false }, limit);
  };

  it('finds a line of a byte more than the limit, wherever it stands', () => {
    for (const [before, after] of [
      ['', ''],
      ['\n', '\n'],
      ['12345678\n', '12345678\n'],
      ['12345678\r\n', '1\n2\n3\n'],
      ['\r\n\n', '12345678\r\n'],
    ] as const) {
      for (const end of ['\n', '\r\n']) {
        expect(has(`${before}12345678${end}${after}`, 8), JSON.stringify([before, end, after])).to.equal(false);
        expect(has(`${before}123456789${end}${after}`, 8), JSON.stringify([before, end, after])).to.equal(true);
      }
    }
  });

  it('counts a CR that belongs to the line', () => {
    expect(has('1234567\r\r\n', 8)).to.equal(false);
    expect(has('12345678\r\r\n', 8)).to.equal(true);
    expect(has('12345678\rx\n', 8)).to.equal(true);
  });

  it('finds what a search line by line finds', () => {
    fc.assert(
      fc.property(streams, fc.integer({ min: 1, max: 9 }), (stream, limit) => {
        const text = `${stream}\n`;
        const lines = text.split('\n').slice(0, -1);
        const expected = lines.some((line) => line.replace(/\r$/, '').length > limit);
        expect(has(text, limit)).to.equal(expected);
      }),
      { numRuns: 1_000 },
    );
  });
});
