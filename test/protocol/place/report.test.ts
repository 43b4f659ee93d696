import { expect } from 'chai';
import fc from 'fast-check';
import { parseCommand } from '../../../src/protocol/client/command.js';
import { asClientId } from '../../../src/protocol/place/ids.js';
import { acceptReport, parseClientId, parseReport } from '../../../src/protocol/place/report.js';
import { toServerId } from '../../support/fake-location.js';

const kiwi = asClientId('kiwi');

describe('parseClientId', () => {
  it('accepts one word of at most as many bytes as allowed', () => {
    expect(parseClientId('kiwi', 4)).to.equal('kiwi');
    for (const text of ['', 'kiwis', 'k i', 'k\t', '\n']) expect(parseClientId(text, 4), text).to.equal(undefined);
  });
});

describe('parseReport', () => {
  it('returns a valid report with the instant of its time', () => {
    const report = { client: kiwi, position: '+34.0-118.0', time: '1.5' };
    expect(parseReport(kiwi, report.position, report.time)).to.deep.equal({
      ...report,
      instant: { seconds: 1, nanoseconds: 500_000_000 },
    });
  });

  it('names every problem', () => {
    expect(parseReport(kiwi, 'here', 'now')).to.deep.equal({
      problems: [
        'position must be degrees as in +34.068930-118.445127',
        'time must be POSIX seconds as in 1400794645.392',
      ],
    });
    const zeros = '0'.repeat(64);
    expect(parseReport(kiwi, `+34.${zeros}-118.0`, `1.${zeros}`)).to.deep.equal({
      problems: ['position is longer than 64 bytes', 'time is longer than 64 bytes'],
    });
  });

  it('[CM6] accepts what an IAMAT may say, and nothing else', () => {
    const bounds = { maxCount: 0, maxRadiusKm: 0, maxClientIdBytes: 255 };
    const digits = fc.stringMatching(/^[+-]?\d{0,4}(\.\d{0,66})?$/);
    const positions = fc.tuple(digits, digits).map((parts) => parts.join(''));
    fc.assert(
      fc.property(positions, digits, (position, time) => {
        const isCommand = parseCommand(`IAMAT kiwi ${position} ${time}`, bounds).kind === 'IAMAT';
        expect('instant' in parseReport(kiwi, position, time)).to.equal(isCommand);
      }),
    );
  });
});

describe('acceptReport', () => {
  const report = { client: kiwi, position: '+34.0-118.0', time: '100', instant: { seconds: 100, nanoseconds: 0 } };
  const blake = toServerId('Blake');

  it('[TM7] rejects a time that is too far ahead of the server', () => {
    expect(acceptReport(report, { seconds: 89, nanoseconds: 0 }, blake, 10_000)).to.equal(undefined);
    expect(acceptReport(report, { seconds: 90, nanoseconds: 0 }, blake, 10_000)?.line).to.equal(
      'AT Blake -10.000000000 kiwi +34.0-118.0 100',
    );
  });
});
