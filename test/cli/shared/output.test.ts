import { Readable, Writable } from 'node:stream';
import { expect } from 'chai';
import { copyToOutput } from '../../../src/cli/shared/output.js';

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

  it('shows a terminal nothing that it would act on', async () => {
    const shown = Buffer.from('AT Blake +1 kīwi🥝?]0;OWNED?\ufffd5m?7m? +1+1 1\n').toString('latin1');
    expect(await copied(Buffer.concat([line, line]), true)).to.equal(shown + shown);
  });

  it('leaves every byte as it came elsewhere', async () => {
    expect(await copied(line, false)).to.equal(line.toString('latin1'));
  });
});
