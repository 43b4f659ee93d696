import { expect } from 'chai';
import { ResponseCounter } from '../../bench/load/response-counter.js';
import { CommandWriter } from '../../bench/load/command-writer.js';

const at = 'AT Metta +0.1 phone0000001 +34.068930-118.445127 1.5\n';

/** Feeds a text in chunks of `chunkBytes`; returns the number of responses counted. */
function receiveInChunks(counter: ResponseCounter, text: string, chunkBytes: number): number {
  let count = 0;
  for (let from = 0; from < text.length; from += chunkBytes) {
    const bytes = Buffer.from(text.slice(from, from + chunkBytes));
    count += counter.receive(bytes, bytes.length);
  }
  return count;
}

describe('ResponseCounter', () => {
  it('counts responses independently of chunk boundaries', () => {
    for (const chunkBytes of [1, 7, 1_000]) {
      const counter = new ResponseCounter(() => false);
      expect(receiveInChunks(counter, at.repeat(3), chunkBytes)).to.equal(3);
      expect(counter.wrongCount).to.equal(0);
    }
  });

  it('counts a response of two lines once, and an error response as wrong', () => {
    const counter = new ResponseCounter((index) => index > 0);
    expect(receiveInChunks(counter, `${at}${at}{"results":[]}\n? WHATSAT unknown 10 5\n`, 3)).to.equal(3);
    expect(counter.wrongCount).to.equal(1);
  });
});

describe('CommandWriter', () => {
  it('writes commands of equal length, each report newer than the previous one', () => {
    const commands = new CommandWriter('mixed', 1_700_000_000);
    const written = Array.from({ length: 10 }, (_, index) => {
      const bytes = Buffer.alloc(commands.bytesPerCommand);
      commands.write(bytes, 0, index, index + 1);
      return bytes.toString();
    });
    expect(written[0]).to.equal('IAMAT phone0000001 +34.068930-118.445127 1700000000.000000001\n');
    expect(written[8]).to.equal('IAMAT phone0000009 +34.068930-118.445127 1700000000.000000009\n');
    expect(written[9]?.trim().split(/ +/)).to.deep.equal(['WHATSAT', 'phone0000010', '10', '5']);
  });
});
