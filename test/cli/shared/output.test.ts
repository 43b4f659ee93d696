import { Readable, Writable } from 'node:stream';
import { expect } from 'chai';
import { copyToOutput, formatCount, formatTable } from '../../../src/cli/shared/output.js';

/** An ID with a title, a bell, C1 controls as one byte and in UTF-8, an override of the direction, and letters. */
const line = Buffer.concat([
  Buffer.from('AT Blake +1 kīwi🥝\x1b]0;OWNED\x07'),
  Buffer.from([0x9b]),
  Buffer.from('5m\u009b7m\u202e +1+1 1\n'),
]);

describe('copyToOutput', () => {
  /** What is written of lines that come a few bytes at a time. */
  async function copied(bytes: Buffer, isTTY: boolean): Promise<string> {
    const written: Buffer[] = [];
    const output = new Writable({
      write: (chunk: Buffer, _, done) => {
        written.push(chunk);
        done();
      },
    });
    const chunks = Array.from({ length: Math.ceil(bytes.length / 3) }, (_, index) =>
      bytes.subarray(3 * index, 3 * index + 3),
    );
    await copyToOutput(Readable.from(chunks), Object.assign(output, { isTTY }));
    expect(output.writableEnded).to.equal(false);
    return Buffer.concat(written).toString('latin1');
  }

  it('replaces control characters for a terminal', async () => {
    const shown = Buffer.from('AT Blake +1 kīwi🥝?]0;OWNED?\ufffd5m?7m? +1+1 1\n').toString('latin1');
    expect(await copied(Buffer.concat([line, line]), true)).to.equal(shown + shown);
  });

  it('changes no byte for other outputs', async () => {
    expect(await copied(line, false)).to.equal(line.toString('latin1'));
  });
});

describe('formatTable', () => {
  it('makes each column as wide as its widest cell, without trailing spaces', () => {
    const rows = [
      ['Blake', '127.0.0.1:12000', ''],
      ['Metta', '', 'x'],
    ];
    expect(formatTable(['server', 'clients', ''], rows).split('\n')).to.deep.equal([
      '  server  clients',
      '  Blake   127.0.0.1:12000',
      '  Metta                    x',
    ]);
  });

  it('aligns numbers to the right', () => {
    const rows = [
      ['Blake', '7', 'x'],
      ['Metta', '1,234', ''],
    ];
    expect(formatTable(['server', 'n', ''], rows, new Set([1])).split('\n')).to.deep.equal([
      '  server      n',
      '  Blake       7  x',
      '  Metta   1,234',
    ]);
  });
});

describe('formatCount', () => {
  it('uses the plural for every count but one', () => {
    expect([0, 1, 2].map((count) => formatCount(count, 'server'))).to.deep.equal([
      '0 servers',
      '1 server',
      '2 servers',
    ]);
  });
});
