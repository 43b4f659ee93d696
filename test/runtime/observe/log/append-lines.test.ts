import { isUtf8 } from 'node:buffer';
import { expect } from 'chai';
import fc from 'fast-check';
import { textOf } from '../../../../src/protocol/text/bytes.js';
import { Lines } from '../../../../src/protocol/text/lines.js';
import { WordBuffer } from '../../../../src/protocol/text/word-buffer.js';
import { appendLines } from '../../../../src/runtime/observe/log/append-lines.js';
import { LogBuffer } from '../../../../src/runtime/observe/log/log-buffer.js';
import { maxShownBytes, sanitize } from '../../../../src/runtime/observe/log/sanitize.js';

const prefix = 'now client 192.0.2.1:4 in ';

/** Decodes everything in a buffer, chunk by chunk. */
function drain(log: LogBuffer): string {
  let text = '';
  for (let chunk = log.oldest; chunk !== undefined && chunk.length > 0; chunk = log.oldest) {
    text += chunk.text(chunk.start, chunk.end);
    chunk.take(chunk.end);
    log.release();
  }
  return text;
}

/** Returns how lines are shown in the log, without the prefix. */
function shown(...lines: readonly string[]): string[] {
  const log = new LogBuffer();
  appendLines(log, Lines.of(...lines), prefix);
  return drain(log)
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      expect(line.startsWith(prefix)).to.equal(true);
      return line.slice(prefix.length);
    });
}

/** Encodes lines with the given line ends, at an odd offset, with other lines in front and behind. */
function embed(texts: readonly string[], lineEnds: readonly string[]): Lines {
  const front = 'no\n';
  const text = texts.map((line, index) => line + (lineEnds[index % lineEnds.length] ?? '\n')).join('');
  return new Lines(WordBuffer.of(`${front}${text}no\n`), front.length, front.length + text.length, texts.length);
}

const printable = fc.string({ maxLength: 100 });
const binary = fc
  .uint8Array({ maxLength: 40 })
  .map((bytes) => Buffer.from(bytes).toString('latin1').replaceAll('\n', ''));
const utf8 = fc.string({ unit: 'binary' }).map((text) => Buffer.from(text).toString('latin1').replaceAll('\n', ''));
const around = fc.integer({ min: maxShownBytes - 4, max: maxShownBytes + 4 }).map((length) => 'x'.repeat(length));
const anyLine = fc.oneof(
  printable,
  binary,
  utf8,
  around,
  fc.tuple(around, utf8).map((parts) => parts.join('')),
  fc.tuple(around, binary).map((parts) => parts.join('')),
  fc.integer({ min: maxShownBytes, max: 3 * maxShownBytes }).map((length) => 'x'.repeat(length)),
  fc.tuple(printable, binary).map((parts) => parts.join('')),
);

describe('appendLines', () => {
  it('appends one line of the log for each line', () => {
    const log = new LogBuffer();
    appendLines(log, Lines.of('IAMAT kiwi', '', 'no command'), prefix);
    appendLines(log, Lines.of('CAUGHT-UP'), 'now peer Metta out ');
    expect(log.oldest?.lines).to.equal(4);
    expect(drain(log)).to.equal(`${prefix}IAMAT kiwi\n${prefix}\n${prefix}no command\nnow peer Metta out CAUGHT-UP\n`);
  });

  it('shows any line as its sanitized text, without CR LF', () => {
    const log = new LogBuffer();
    fc.assert(
      fc.property(fc.array(anyLine, { maxLength: 12 }), fc.array(fc.constantFrom('\n', '\r\n')), (texts, lineEnds) => {
        const lines = embed(texts, lineEnds);
        const decoded = [...lines];
        expect(decoded).to.have.lengthOf(texts.length);
        appendLines(log, lines, prefix);
        expect(log.oldest?.lines ?? 0).to.equal(texts.length);
        expect(drain(log)).to.equal(decoded.map((line) => `${prefix}${sanitize(line)}\n`).join(''));
      }),
      { numRuns: 1_000 },
    );
  });

  it('continues in further chunks', () => {
    const log = new LogBuffer();
    const texts = Array.from(
      { length: 9_000 },
      (_, index) => `${index} ${'x'.repeat(index % 90)}${index % 50 === 0 ? '\t' : ''}`,
    );
    appendLines(log, Lines.of(...texts), prefix);
    expect(log.hasFullChunk).to.equal(true);
    expect(drain(log)).to.equal(texts.map((text) => `${prefix}${sanitize(text)}\n`).join(''));
  });

  it('drops and counts lines for which the buffer has no space', () => {
    const log = new LogBuffer();
    const lines = Lines.of(...Array.from({ length: 1_000 }, () => 'x'.repeat(1_000)));
    for (let count = 0; count < 20; count += 1) appendLines(log, lines, prefix);
    expect(log.length).to.be.within(15.8 * 1024 * 1024, 16 * 1024 * 1024);
    const kept = log.length / (prefix.length + 1_001);
    expect(log.clear()).to.equal(20_000);
    expect(kept).to.be.below(17_000);
  });

  it('appends nothing of a line without its end', () => {
    const log = new LogBuffer();
    appendLines(log, new Lines(WordBuffer.of('one\ntwo\nrest\tof'), 0, 15, 3), prefix);
    expect(drain(log)).to.equal(`${prefix}one\n${prefix}two\n`);
  });

  it('escapes controls', () => {
    expect(shown('a\x1b[2Jb\rc\td\x7f\0')).to.deep.equal(['a\\x1b[2Jb\\x0dc\\x09d\\x7f\\x00']);
    fc.assert(
      fc.property(anyLine, (line) => {
        const [text = ''] = shown(line);
        expect(isUtf8(Buffer.from(text, 'latin1'))).to.equal(true);
        expect(textOf(text)).to.match(/^(?:[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]|[\u200c\u200d])*$/u);
      }),
    );
  });

  it('escapes every byte that is no printable ASCII, at each place of a word', () => {
    for (let byte = 0; byte < 256; byte += 1) {
      if (byte === 10 || (byte >= 32 && byte < 127)) continue;
      const character = String.fromCharCode(byte);
      const escaped = `\\x${byte.toString(16).padStart(2, '0')}`;
      const texts = Array.from({ length: 8 }, (_, index) => `${'x'.repeat(index)}${character}${'x'.repeat(8 - index)}`);
      expect(shown(...texts)).to.deep.equal(texts.map((text) => text.replace(character, escaped)));
    }
  });

  const escaped: [string, string, string][] = [
    ['C1 controls as they are', 'a\x9b5mb', 'a\\x9b5mb'],
    ['C1 controls in UTF-8', 'a\xc2\x9b7mb', 'a\\xc2\\x9b7mb'],
    [
      'other bytes that are not UTF-8',
      'caf\xe9 \xf0\x9f\xa5 \xc0\xaf \xed\xa0\x80',
      'caf\\xe9 \\xf0\\x9f\\xa5 \\xc0\\xaf \\xed\\xa0\\x80',
    ],
    ['overrides of the direction', 'a\xe2\x80\xaeb\xe2\x81\xa6', 'a\\xe2\\x80\\xaeb\\xe2\\x81\\xa6'],
    ['separators of lines', 'a\xe2\x80\xa8b', 'a\\xe2\\x80\\xa8b'],
  ];
  for (const [what, line, text] of escaped) {
    it(`escapes ${what}`, () => {
      expect(shown('kiwi', line)).to.deep.equal(['kiwi', text]);
    });
  }

  it('truncates a long line between characters, and appends its length', () => {
    const whole = 'x'.repeat(maxShownBytes);
    const kiwi = Buffer.from('🥝').toString('latin1');
    const examples: [string, string][] = [
      [whole, whole],
      [`${whole}y`, `${whole}... (1,537 bytes)`],
      ['x'.repeat(1_234_567), `${whole}... (1,234,567 bytes)`],
      [`${whole}\x80`, `${whole.slice(1)}... (1,537 bytes)`],
      [`${whole}\ty`, `${whole}... (1,538 bytes)`],
      [`${whole.slice(1)}${kiwi}`, `${whole.slice(1)}... (1,539 bytes)`],
      [`${whole.slice(4)}${kiwi}y`, `${whole.slice(4)}${kiwi}... (1,537 bytes)`],
    ];
    expect(shown(...examples.map(([line]) => line))).to.deep.equal(examples.map(([, text]) => text));
  });

  it('does not escape non-ASCII letters', () => {
    const kiwi = Buffer.from('kīwi 🥝').toString('latin1');
    expect(shown(kiwi)).to.deep.equal([kiwi]);
  });
});
