import { expect } from 'chai';
import fc from 'fast-check';

import { parseCommand } from '../../../src/protocol/client/command.js';
import { leafOf } from '../../../src/protocol/place/digest.js';
import { asClientId, asServerId } from '../../../src/protocol/place/ids.js';
import { compareAtLines } from '../../../src/protocol/place/location-order.js';
import {
  compareReceiptTimes,
  locationFromReport,
  parseAt,
  supersedes,
  type Location,
} from '../../../src/protocol/place/location.js';
import { parsePeerLine } from '../../../src/protocol/peer/peer-line.js';
import { formatSkew, type Instant } from '../../../src/protocol/place/time.js';
import {
  locationFields,
  parseInstant,
  locationFromFields,
  locations,
  competingLocations,
} from '../../support/arbitraries.js';
import { measureHeapBytes } from '../../support/heap.js';

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

const nanosecondsASecond = 1_000_000_000n;

function nanosecondsOf({ seconds, nanoseconds }: Instant): bigint {
  return BigInt(seconds) * nanosecondsASecond + BigInt(nanoseconds);
}

/** The moments of a location in nanoseconds, in arithmetic that cannot round. */
function exactMoments({ time, skew }: Location): { sent: bigint; received: bigint; effective: bigint } {
  const sent = nanosecondsOf(parseInstant(time));
  const received = sent + BigInt(skew.replace('.', ''));
  const latest = received + 60n * nanosecondsASecond;
  return { sent, received, effective: sent < latest ? sent : latest };
}

/** [LO1] and [LO2], word for word. */
function exactOrder(a: Location, b: Location): number {
  const [one, other] = [exactMoments(a), exactMoments(b)];
  const keys = [
    [one.effective, other.effective],
    [one.sent, other.sent],
    [a.server, b.server],
    [a.position, b.position],
    [a.skew, b.skew],
    [a.time, b.time],
  ] as const;
  for (const [first, second] of keys) if (first !== second) return first > second ? 1 : -1;
  return 0;
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
    expect(locationFromFields(kiwi).line).to.equal(line);
    expect(parseAt(line)).to.deep.equal(locationFromFields(kiwi));
  });

  it('[CM5] [IA1] is a line of these fields with one space between them, and returns them', () => {
    fc.assert(
      fc.property(locations, (made) => {
        const { server, skew, client, position, time } = made;
        expect(made.line.split(' ')).to.deep.equal(['AT', server, skew, client, position, time]);
        const { sent, received, effective } = exactMoments(made);
        expect(sent).to.equal(nanosecondsOf(parseInstant(time)));
        expect(nanosecondsOf(made.received)).to.equal(received);
        expect(made.received.nanoseconds).to.satisfy(Number.isInteger).and.be.within(0, 999_999_999);
        expect(nanosecondsOf(made.effective)).to.equal(effective);
        expect(made.effective.nanoseconds).to.satisfy(Number.isInteger).and.be.within(0, 999_999_999);
        expect(made.leaf).to.equal(leafOf(client));
        expect(parseAt(made.line)).to.deep.equal(made);
      }),
    );
  });

  it('is parsed from nothing else', () => {
    for (const text of ['', 'AT', `${line} `, `${line} Bryant`, line.replace(' ', '  '), line.slice(1)]) {
      expect(parseAt(text), text).to.equal(undefined);
    }
  });

  it('is its line in JSON', () => {
    expect(JSON.parse(JSON.stringify({ location: locationFromFields(kiwi) }))).to.deep.equal({ location: line });
  });

  it('does not keep the received chunk in memory', () => {
    const client = asClientId('kiwi.cs.ucla.edu');
    const server = asServerId('a-server-with-a-long-name') ?? expect.fail('no server');
    const at = locationFromFields({ ...kiwi, server }).line;
    const bytes = measureHeapBytes(200, () => {
      const chunk = Buffer.from(`${at} ${server}\n`.padEnd(65_536, 'x')).toString('latin1');
      const parsed = parsePeerLine(chunk.slice(0, chunk.indexOf('\n')));
      return parsed.kind === 'AT' ? parsed.location : expect.fail(at);
    });
    expect(bytes).to.be.below(2_000);
    const reported = measureHeapBytes(200, () => {
      const chunk = Buffer.from(`IAMAT ${client} +1+2 5\n`.padEnd(65_536, 'x')).toString('latin1');
      const command = parseCommand(chunk.slice(0, chunk.indexOf('\n')), {
        maxCount: 0,
        maxRadiusKm: 0,
        maxClientIdBytes: 1_024,
      });
      return command.kind === 'IAMAT'
        ? locationFromReport(command, server, '+0.000000001')
        : expect.fail(chunk.slice(0, 40));
    });
    expect(reported).to.be.below(2_000);
  });
});

/** The skew of a report that a server gets at one time and its client dated another. */
function skewOf(received: string, sent: string): string {
  return formatSkew(parseInstant(received), parseInstant(sent));
}

describe('supersedes', () => {
  it('[LO1] compares effective times first: the earlier of the time and 60 s after the receipt', () => {
    const ahead = (received: string, time: string, server = 'Blake') =>
      locationFromFields({ time, skew: skewOf(received, time), server });
    // A phone that is 22 hours ahead freezes its place for a minute.
    const farAhead = ahead('1000', '80200');
    expectToWin(farAhead, ahead('1059.999999999', '1059.999999999'));
    expectToWin(ahead('1060.000000001', '1060.000000001'), farAhead);
    // It does not matter how far ahead it is, nor who got it.
    expectToWin(ahead('1001', '1061', 'Alford'), ahead('1000', '999999999999999', 'Young'));
    // To the nanosecond: what is 60 s ahead counts whole.
    expectToWin(ahead('1000', '1060.000000001'), ahead('1000', '1060'));
    expectToWin(ahead('1000', '1060'), ahead('999.999999999', '1060'));
  });

  it('[LO1] compares reported times if the effective times are equal', () => {
    const same = (time: string) =>
      locationFromFields({ time, skew: skewOf('1000', time), server: time === '1060' ? 'Young' : 'A' });
    expectToWin(same('1061'), same('1060'));
    expectToWin(same('70000'), same('1061'));
  });

  it('[LO1] accepts any time of receipt: long ago, before 1970, and with the most digits', () => {
    const most = '999999999999999';
    const order = [
      { time: '0', skew: `-${most}.999999999` },
      { time: most, skew: `-${most}.999999999` },
      { time: most, skew: `-${most}.999999998` },
      { time: '59.999999999', skew: '+0.000000000' },
      { time: '60', skew: '-0.000000000' },
      { time: '60', skew: `+${most}.999999999`, server: 'Bryant' },
      { time: most, skew: `-${most}.000000000` },
      { time: most, skew: '-60.000000000' },
      { time: `${most}.999999999`, skew: '-60.000000000' },
    ].map(locationFromFields);
    for (const [index, loser] of order.entries()) {
      for (const winner of order.slice(index + 1)) expectToWin(winner, loser);
    }
  });

  it('[LO1] is that of the times themselves while no clock is ahead of its server by more than a minute', () => {
    const skews = fc.tuple(fc.integer({ min: -60, max: 1_000_000_000 }), fc.nat(999_999_999));
    const near = fc.tuple(competingLocations, skews).map(([rival, [seconds, nanoseconds]]) => {
      const sign = seconds < 0 ? '-' : '+';
      const fraction = String(seconds === -60 ? 0 : nanoseconds).padStart(9, '0');
      return locationFromFields({ ...locationFields(rival), skew: `${sign}${Math.abs(seconds)}.${fraction}` });
    });
    fc.assert(
      fc.property(near, near, (a, b) => {
        const [sentA, sentB] = [a, b].map(({ time }) => nanosecondsOf(parseInstant(time)));
        if (sentA === undefined || sentB === undefined || sentA === sentB) return;
        expect(supersedes(a, b)).to.equal(sentA > sentB);
      }),
      { numRuns: 1_000 },
    );
  });

  it('[LO1] is the order of the rule, for the store and for the dashboard', () => {
    const any = fc.oneof(competingLocations, locations);
    fc.assert(
      fc.property(any, any, (a, b) => {
        const expected = exactOrder(a, b);
        expect(supersedes(a, b)).to.equal(expected > 0);
        expect(Math.sign(compareAtLines(a.line, b.line))).to.equal(expected);
        const [one, other] = [exactMoments(a), exactMoments(b)];
        const later = one.received === other.received ? 0 : one.received > other.received ? 1 : -1;
        expect(Math.sign(compareReceiptTimes(a, b))).to.equal(later);
      }),
      { numRuns: 2_000 },
    );
  });

  it('[LO1] compares times first if no clock is far ahead', () => {
    const high = { server: 'Young', position: '-9-9', skew: '-59.000000000' };
    const low = { server: 'Alford', position: '+1+1', skew: '+1.000000000' };
    const cases = [
      ['10', '9'],
      ['1353118103.108893382', '1353118103.108893381'],
      ['999999999999999.000000001', '999999999999999'],
      ['2', '1.999999999'],
    ] as const;
    for (const [later, earlier] of cases) {
      expectToWin(locationFromFields({ ...low, time: later }), locationFromFields({ ...high, time: earlier }));
    }
  });

  it('[LO1] compares servers next, byte by byte', () => {
    const high = { position: '-9-9', skew: '-9.000000000' };
    const low = { position: '+1+1', skew: '+1.000000000' };
    for (const [greater, less] of [
      ['Bryant', 'Blake'],
      ['a', 'Z'],
      ['B', 'A9'],
      ['server9', 'server10'],
      ['AA', 'A'],
    ] as const) {
      expectToWin(locationFromFields({ ...low, server: greater }), locationFromFields({ ...high, server: less }));
    }
  });

  it('[LO1] compares positions next, byte by byte', () => {
    for (const [greater, less] of [
      ['-1+1', '+9+9'],
      ['+1+1.0', '+1+1'],
      ['+9+1', '+10+1'],
    ] as const) {
      expectToWin(
        locationFromFields({ position: greater, skew: '+1.000000000' }),
        locationFromFields({ position: less, skew: '-9.000000000' }),
      );
    }
  });

  it('[LO1] compares skews last of the four, byte by byte', () => {
    for (const [greater, less] of [
      ['-0.000000001', '+0.000000001'],
      ['+9.000000000', '+10.000000000'],
      ['+0.000000002', '+0.000000001'],
    ] as const) {
      expectToWin(locationFromFields({ skew: greater }), locationFromFields({ skew: less }));
    }
  });

  it('[LO2] compares the times as written if all else is equal', () => {
    expectToWin(locationFromFields({ time: '1.50' }), locationFromFields({ time: '1.5' }));
    expectToWin(locationFromFields({ time: '1.5000000001' }), locationFromFields({ time: '1.5' }));
    expectToWin(locationFromFields({ time: '1.5' }), locationFromFields({ time: '01.5' }));
    expectToWin(
      locationFromFields({ time: '1.5', skew: '+2.000000000' }),
      locationFromFields({ time: '1.50', skew: '+1.000000000' }),
    );
  });

  it('[LO3] is a strict total order', () => {
    fc.assert(
      fc.property(competingLocations, competingLocations, competingLocations, (a, b, c) => {
        expect(supersedes(a, a), 'irreflexive').to.be.false;
        if (supersedes(a, b)) expect(supersedes(b, a), 'antisymmetric').to.be.false;
        if (supersedes(a, b) && supersedes(b, c)) expect(supersedes(a, c), 'transitive').to.be.true;
        if (a.line !== b.line) expect(supersedes(a, b) || supersedes(b, a), 'connex').to.be.true;
      }),
      { numRuns: 2_000 },
    );
  });

  it('[LO3] leads to the same location from any order of the same reports', () => {
    const reports = fc.array(competingLocations, { minLength: 1, maxLength: 8 });
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
