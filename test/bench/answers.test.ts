import { expect } from 'chai';
import { Answers } from '../../bench/load/answers.js';
import { Commands } from '../../bench/load/commands.js';

const at = 'AT Metta +0.1 phone0000001 +34.068930-118.445127 1.5\n';

function heard(answers: Answers, text: string, step: number): number {
  let count = 0;
  for (let from = 0; from < text.length; from += step) {
    const bytes = Buffer.from(text.slice(from, from + step));
    count += answers.take(bytes, bytes.length);
  }
  return count;
}

describe('the load generator', () => {
  it('counts answers, however they are cut', () => {
    for (const step of [1, 7, 1_000]) {
      const answers = new Answers(() => false);
      expect(heard(answers, at.repeat(3), step)).to.equal(3);
      expect(answers.wrong).to.equal(0);
    }
  });

  it('counts an answer of two lines once, and one that is refused as wrong', () => {
    const answers = new Answers((index) => index > 0);
    expect(heard(answers, `${at}${at}{"results":[]}\n? WHATSAT nobody 10 5\n`, 3)).to.equal(3);
    expect(answers.wrong).to.equal(1);
  });

  it('writes commands of one length, each report newer than the one before', () => {
    const commands = new Commands('mixed', 1_700_000_000);
    const written = Array.from({ length: 10 }, (_, index) => {
      const bytes = Buffer.alloc(commands.bytesEach);
      commands.write(bytes, 0, index, index + 1);
      return bytes.toString();
    });
    expect(written[0]).to.equal('IAMAT phone0000001 +34.068930-118.445127 1700000000.000000001\n');
    expect(written[8]).to.equal('IAMAT phone0000009 +34.068930-118.445127 1700000000.000000009\n');
    expect(written[9]?.trim().split(/ +/)).to.deep.equal(['WHATSAT', 'phone0000010', '10', '5']);
  });
});
