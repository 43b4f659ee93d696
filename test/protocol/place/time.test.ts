import { expect } from 'chai';
import fc from 'fast-check';

import { compareInstants, formatSkew, parseTime } from '../../../src/protocol/place/time.js';
import { parseInstant, times } from '../../support/arbitraries.js';

const nanosecondsASecond = 1_000_000_000n;

/** The same moment as one exact number. */
function nanosecondsOf(time: string): bigint {
  const [seconds = '', fraction = ''] = time.split('.');
  return BigInt(seconds) * nanosecondsASecond + BigInt(fraction.slice(0, 9).padEnd(9, '0'));
}

describe('a time', () => {
  it('[TM1] is digits of seconds, with a fraction or without', () => {
    const cases = [
      ['0', 0, 0],
      ['000', 0, 0],
      ['1353118103', 1_353_118_103, 0],
      ['1353118103.108893381', 1_353_118_103, 108_893_381],
      ['1.5', 1, 500_000_000],
      ['0.000000001', 0, 1],
      ['999999999999999.999999999', 999_999_999_999_999, 999_999_999],
    ] as const;
    for (const [field, seconds, nanoseconds] of cases) {
      expect(parseTime(field), field).to.deep.equal({ seconds, nanoseconds });
    }
  });

  it('[TM1] is nothing else', () => {
    const others = [
      '',
      '-1',
      '+1',
      '-0',
      '1.',
      '.5',
      '.',
      '1e9',
      '1E9',
      '0x1',
      '1,5',
      '1_000',
      '1.5.5',
      ' 1',
      '1 ',
      '1\n',
    ];
    const stranger = ['Infinity', 'NaN', '1353118103s', '\xB2', '\u0661', '1000000000000000', '9'.repeat(400), '1.5\0'];
    for (const field of [...others, ...stranger]) expect(parseTime(field), JSON.stringify(field)).to.be.undefined;
  });

  it('[TM2] is distinguished from one a nanosecond later', () => {
    const cases = [
      ['1353118103.108893381', '1353118103.108893382'],
      ['1353118103.999999999', '1353118104'],
      ['999999999999999.999999998', '999999999999999.999999999'],
      ['9', '10'],
      ['0.9', '0.91'],
    ] as const;
    for (const [earlier, later] of cases) {
      expect(compareInstants(parseInstant(earlier), parseInstant(later)), earlier).to.be.below(0);
      expect(compareInstants(parseInstant(later), parseInstant(earlier)), later).to.be.above(0);
    }
  });

  it('[TM2] compares as the exact numbers do', () => {
    fc.assert(
      fc.property(times, times, (a, b) => {
        const difference = nanosecondsOf(a) - nanosecondsOf(b);
        const sign = difference < 0n ? -1 : difference > 0n ? 1 : 0;
        expect(Math.sign(compareInstants(parseInstant(a), parseInstant(b)))).to.equal(sign);
      }),
    );
  });

  it('[TM3] ignores fractions of a nanosecond', () => {
    const same = ['1.5', '1.50', '01.5', '1.500000000', '1.5000000001', '1.5000000009999', `1.5${'0'.repeat(400)}1`];
    for (const field of same) expect(compareInstants(parseInstant(field), parseInstant('1.5')), field).to.equal(0);
  });
});

describe('the skew', () => {
  it('[TM4] is receipt time minus client time, signed, with nine decimals', () => {
    const cases = [
      ['1353118103.672766767', '1353118103.108893381', '+0.563873386'],
      ['1', '1', '+0.000000000'],
      ['0', '0.0', '+0.000000000'],
      ['1', '1.000000001', '-0.000000001'],
      ['1.000000001', '1', '+0.000000001'],
      ['2', '1.999999999', '+0.000000001'],
      ['1.999999999', '2', '-0.000000001'],
      ['10.1', '8.2', '+1.900000000'],
      ['8.2', '10.1', '-1.900000000'],
      ['1.000000001', '13.000000002', '-12.000000001'],
      ['1400000000.5', '0', '+1400000000.500000000'],
      ['0', '999999999999999.999999999', '-999999999999999.999999999'],
      ['999999999999999.999999999', '0', '+999999999999999.999999999'],
      ['999999999999999.1', '999999999999998.2', '+0.900000000'],
      ['1.5', '1.5000000009', '+0.000000000'],
    ] as const;
    for (const [received, sent, skew] of cases) {
      expect(formatSkew(parseInstant(received), parseInstant(sent)), `${received} - ${sent}`).to.equal(skew);
    }
  });

  it('[TM4] is exact for any two times', () => {
    fc.assert(
      fc.property(times, times, (received, sent) => {
        const skew = formatSkew(parseInstant(received), parseInstant(sent));
        expect(skew).to.match(/^[+-](0|[1-9]\d*)\.\d{9}$/);
        expect(BigInt(skew.replace('.', ''))).to.equal(nanosecondsOf(received) - nanosecondsOf(sent));
        expect(skew).not.to.equal('-0.000000000');
      }),
    );
  });
});
