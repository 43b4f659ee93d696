import { expect } from 'chai';
import fc from 'fast-check';

import type { ByteString } from '../../../src/protocol/text/bytes.js';
import { LineFramer, OverlongLine, type Frame } from '../../../src/protocol/text/line-framer.js';
import { allBytes, byteStrings, chunkedStreams, invalidUtf8 } from '../../support/arbitraries.js';
import { measureHeapBytes } from '../../support/heap.js';

const lineBytesMax = 8;

function framesOf(chunks: readonly (Buffer | ByteString)[], limit = lineBytesMax): Frame[] {
  const framer = new LineFramer(limit);
  const frames = chunks.flatMap((chunk) =>
    framer.push(typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk),
  );
  return [...frames, ...framer.end()];
}

/** The rules as they would be written down for a whole stream at once. */
function framesByTheBook(stream: ByteString): Frame[] {
  const lines = stream.split('\n');
  const last = lines.pop() ?? '';
  const whole = lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  if (last !== '') whole.push(last);
  return whole.map((line) => (line.length > lineBytesMax ? overlong(line.slice(0, lineBytesMax)) : line));
}

function overlong(start: ByteString): OverlongLine {
  return new OverlongLine(start);
}

/** Streams with lines around the limit and line ends of every kind. */
const streams = fc
  .array(fc.oneof(fc.constantFrom('\n', '\r', '\r\n', 'a', '1234567', '12345678', ' '), byteStrings({ maxLength: 4 })))
  .map((pieces) => pieces.join(''));

describe('LineFramer', () => {
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
  });

  it('[FR4] ends it once', () => {
    const framer = new LineFramer(lineBytesMax);
    framer.push(Buffer.from('a'));
    expect([framer.end(), framer.end()]).to.deep.equal([['a'], []]);
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
    const framer = new LineFramer(lineBytesMax);
    expect(framer.push(Buffer.from('a\nb'))).to.deep.equal(['a']);
    expect(framer.push(Buffer.from('\n'))).to.deep.equal(['b']);
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
      expect(framesOf(Array.from(stream)), JSON.stringify(stream)).to.deep.equal(frames);
    }
  });

  it('[FR7] does not wait for the end of a line that is too long', () => {
    const framer = new LineFramer(lineBytesMax);
    expect(framer.push(Buffer.from('12345678'))).to.deep.equal([]);
    expect(framer.push(Buffer.from('\r'))).to.deep.equal([]);
    expect(framer.push(Buffer.from('x'))).to.deep.equal([overlong('12345678')]);
    expect(framer.push(Buffer.from('more'))).to.deep.equal([]);
    expect(framer.push(Buffer.from('\nnext\n'))).to.deep.equal(['next']);
  });

  it('[FR7] reports an overlong last line once', () => {
    for (const stream of ['12345678\r', '123456789', '12345678\r\r']) {
      expect(framesOf([stream]), JSON.stringify(stream)).to.deep.equal([overlong('12345678')]);
      expect(framesOf(Array.from(stream)), JSON.stringify(stream)).to.deep.equal([overlong('12345678')]);
    }
  });

  it('[FR7] keeps neither skipped bytes nor the chunk of an incomplete line in memory', () => {
    // The engine copies what is shorter than 13 bytes by itself.
    const chunk = `${'x'.repeat(65_536)}\nthe start of the next line`;
    const bytes = measureHeapBytes(200, () => {
      const framer = new LineFramer(100);
      framer.push(Buffer.from(chunk));
      return framer;
    });
    expect(bytes).to.be.below(2_000);
  });
});
