import { expect } from 'chai';
import fc from 'fast-check';

import { parseCommand } from '../../src/protocol/command.js';
import { bucketOf } from '../../src/protocol/digest.js';
import { asClientId, asServerId } from '../../src/protocol/ids.js';
import { locate, parseAt, supersedes, type Location } from '../../src/protocol/location.js';
import { parsePeerLine } from '../../src/protocol/peer-line.js';
import { instant, location, locations, rivals } from './arbitraries.js';
import { heapBytesOf } from './heap.js';

function expectToWin(winner: Location, loser: Location): void {
  const titles = [winner, loser].map(({ line }) => line).join(' against ');
  expect(supersedes(winner, loser), titles).to.be.true;
  expect(supersedes(loser, winner), titles).to.be.false;
}

function winnerOf(reports: readonly Location[]): Location | undefined {
  return reports.reduce<Location | undefined>(
    (held, next) => (held === undefined || supersedes(next, held) ? next : held),
    undefined,
  );
}

describe('a location', () => {
  const kiwi = {
    server: 'Blake',
    skew: '+0.563873386',
    client: 'kiwi.cs.ucla.edu',
    position: '+27.5916+086.5640',
    time: '1353118103.108893381',
  };
  const line = 'AT Blake +0.563873386 kiwi.cs.ucla.edu +27.5916+086.5640 1353118103.108893381';

  it('[IA1] is AT, server, skew, client, position and time', () => {
    expect(location(kiwi).line).to.equal(line);
    expect(parseAt(line)).to.deep.equal(location(kiwi));
  });

  it('[CM5] [IA1] is a line of these fields with one space between them, and gives them back', () => {
    fc.assert(
      fc.property(locations, (made) => {
        const { server, skew, client, position, time } = made;
        expect(made.line.split(' ')).to.deep.equal(['AT', server, skew, client, position, time]);
        const { seconds, nanoseconds } = made;
        expect({ seconds, nanoseconds }).to.deep.equal(instant(time));
        expect(made.bucket).to.equal(bucketOf(client));
        expect(parseAt(made.line)).to.deep.equal(made);
      }),
    );
  });

  it('is read of nothing else', () => {
    for (const text of ['', 'AT', `${line} `, `${line} Bryant`, line.replace(' ', '  '), line.slice(1)]) {
      expect(parseAt(text), text).to.equal(undefined);
    }
  });

  it('travels as its line in JSON', () => {
    expect(JSON.parse(JSON.stringify({ location: location(kiwi) }))).to.deep.equal({ location: line });
  });

  it('keeps nothing of the chunk that it came in', () => {
    const client = asClientId('kiwi.cs.ucla.edu');
    const server = asServerId('a-server-with-a-long-name') ?? expect.fail('no server');
    const at = location({ ...kiwi, server }).line;
    const bytes = heapBytesOf(200, () => {
      const chunk = Buffer.from(`${at} ${server}\n`.padEnd(65_536, 'x')).toString('latin1');
      const parsed = parsePeerLine(chunk.slice(0, chunk.indexOf('\n')));
      return parsed.kind === 'AT' ? parsed.location : expect.fail(at);
    });
    expect(bytes).to.be.below(2_000);
    const reported = heapBytesOf(200, () => {
      const chunk = Buffer.from(`IAMAT ${client} +1+2 5\n`.padEnd(65_536, 'x')).toString('latin1');
      const command = parseCommand(chunk.slice(0, chunk.indexOf('\n')), { countMax: 0, clientIdBytesMax: 1_024 });
      return command.kind === 'IAMAT' ? locate(command, server, '+0.000000001') : expect.fail(chunk.slice(0, 40));
    });
    expect(reported).to.be.below(2_000);
  });
});

describe('supersedes', () => {
  it('[LO1] goes by time first', () => {
    const high = { server: 'Young', position: '-9-9', skew: '-9.000000000' };
    const low = { server: 'Alford', position: '+1+1', skew: '+1.000000000' };
    const cases = [
      ['10', '9'],
      ['1353118103.108893382', '1353118103.108893381'],
      ['999999999999999.000000001', '999999999999999'],
      ['2', '1.999999999'],
    ] as const;
    for (const [later, earlier] of cases) {
      expectToWin(location({ ...low, time: later }), location({ ...high, time: earlier }));
    }
  });

  it('[LO1] goes by server next, byte by byte', () => {
    const high = { position: '-9-9', skew: '-9.000000000' };
    const low = { position: '+1+1', skew: '+1.000000000' };
    for (const [greater, less] of [
      ['Bryant', 'Blake'],
      ['a', 'Z'],
      ['B', 'A9'],
      ['server9', 'server10'],
      ['AA', 'A'],
    ] as const) {
      expectToWin(location({ ...low, server: greater }), location({ ...high, server: less }));
    }
  });

  it('[LO1] goes by position next, byte by byte', () => {
    for (const [greater, less] of [
      ['-1+1', '+9+9'],
      ['+1+1.0', '+1+1'],
      ['+9+1', '+10+1'],
    ] as const) {
      expectToWin(
        location({ position: greater, skew: '+1.000000000' }),
        location({ position: less, skew: '-9.000000000' }),
      );
    }
  });

  it('[LO1] goes by skew last of the four, byte by byte', () => {
    for (const [greater, less] of [
      ['-0.000000001', '+0.000000001'],
      ['+9.000000000', '+10.000000000'],
      ['+0.000000002', '+0.000000001'],
    ] as const) {
      expectToWin(location({ skew: greater }), location({ skew: less }));
    }
  });

  it('[LO2] goes by the time as it was written where all else ties', () => {
    expectToWin(location({ time: '1.50' }), location({ time: '1.5' }));
    expectToWin(location({ time: '1.5000000001' }), location({ time: '1.5' }));
    expectToWin(location({ time: '1.5' }), location({ time: '01.5' }));
    expectToWin(location({ time: '1.5', skew: '+2.000000000' }), location({ time: '1.50', skew: '+1.000000000' }));
  });

  it('[LO3] is a strict total order', () => {
    fc.assert(
      fc.property(rivals, rivals, rivals, (a, b, c) => {
        expect(supersedes(a, a), 'irreflexive').to.be.false;
        if (supersedes(a, b)) expect(supersedes(b, a), 'antisymmetric').to.be.false;
        if (supersedes(a, b) && supersedes(b, c)) expect(supersedes(a, c), 'transitive').to.be.true;
        if (a.line !== b.line) expect(supersedes(a, b) || supersedes(b, a), 'connex').to.be.true;
      }),
      { numRuns: 2_000 },
    );
  });

  it('[LO3] leads to the same location from any order of the same reports', () => {
    const reports = fc.array(rivals, { minLength: 1, maxLength: 8 });
    const orders = reports.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }), fc.subarray(all)),
    );
    fc.assert(
      fc.property(orders, ([all, shuffled, again]) => {
        expect(winnerOf([...shuffled, ...again])).to.deep.equal(winnerOf(all));
      }),
    );
  });
});
