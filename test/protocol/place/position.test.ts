import { expect } from 'chai';
import fc from 'fast-check';

import { isPosition, parsePosition, splitPosition } from '../../../src/protocol/place/position.js';
import { byteStrings, positions } from '../../support/arbitraries.js';

function expectPositions(fields: readonly string[]): void {
  for (const field of fields) expect(isPosition(field), JSON.stringify(field)).to.be.true;
}

function expectNoPositions(fields: readonly string[]): void {
  for (const field of fields) {
    expect(isPosition(field), JSON.stringify(field)).to.be.false;
    expect(parsePosition(field), JSON.stringify(field)).to.be.undefined;
  }
}

describe('a position', () => {
  it('[PO1] is a signed latitude and a signed longitude in decimal degrees', () => {
    expectPositions(['+34.068930-118.445127', '+27.5916+086.5640', '-7+8', '+07+008', '+7+08', '+0+0', '-00.0-000.0']);
    fc.assert(fc.property(positions, isPosition));
  });

  it('[PO1] has both its signs', () => {
    expectNoPositions([
      '34+118',
      '+34118',
      '34118',
      '+34',
      '+34 -118',
      '+34,-118',
      '++34+118',
      '+34+-118',
      '\u221234+118',
    ]);
  });

  it('[PO1] has one or two digits of latitude and one to three of longitude', () => {
    expectNoPositions(['+034+118', '+100+0', '+000+0', '+34+0118', '+34+0000', '++118', '+34+', '+', '+-', '']);
  });

  it('[PO1] has a digit on both sides of a point', () => {
    expectNoPositions(['+34.+118.', '+34.+118', '+34+118.', '+.5+1', '+1+.5', '+1.2.3+4', '+1+2.3.4', '+1..2+3']);
  });

  it('[PO2] is within 90 and 180 degrees', () => {
    expectPositions(['+90+180', '-90-180', '+90+0', '+89.999999999999999999999+179.999999999999999999999', '+09+099']);
    expectPositions(['+90.0000+1', '-90.0-180.0', '+90.00000000000000000000+180.000000000000000000000']);
    expectNoPositions(['+91+0', '+99+0', '-91+0', '+0+181', '+0-190', '+0+200', '+0+999']);
  });

  it('[PO2] is within them to the last digit', () => {
    expectNoPositions([
      '+90.00000000000000000001+0',
      '-90.0001-0',
      '+90.1+0',
      '+0+180.1',
      '+0-180.00000000000000000001',
    ]);
  });

  it('[PO2] may have a minus before zero', () => {
    expectPositions(['-0-0', '-00.00-000.00', '-0+0']);
  });

  it('[PO3] is in no other form of ISO 6709', () => {
    expectNoPositions([
      '+3404.1-11826.7',
      '+340407-1182642',
      '+34.0-118.4/',
      '+34.0-118.4+100',
      '+34.0-118.4CRSWGS_84',
    ]);
    expectNoPositions(['34.0N118.4W', '+34\xB004-118\xB026', '+34.0-118.4+100CRSWGS_84/', '+34,0-118,4']);
  });

  it('[PO3] is in no form of another number', () => {
    expectNoPositions([
      '+1e1+1',
      '+1+1e1',
      '+0x1+1',
      '+Infinity+1',
      '+NaN+NaN',
      '+1_0+1',
      '+1+1\n',
      '\n+1+1',
      '+1+1\0',
    ]);
    expectNoPositions(['+\xB2+1', '+\u0663+\u0664', `+${'9'.repeat(400)}+1`, `+1+${'9'.repeat(400)}`]);
  });

  it('[PO3] is no arbitrary bytes', () => {
    const form = /^[+-]\d{1,2}(\.\d+)?[+-]\d{1,3}(\.\d+)?$/;
    fc.assert(fc.property(byteStrings(), (field) => !isPosition(field) || form.test(field)));
  });
});

describe('parsePosition', () => {
  it('[PO4] keeps every digit, and drops the plus signs', () => {
    const cases = [
      ['+34.068930-118.445127', '34.068930', '-118.445127'],
      ['-07.50+008', '-07.50', '008'],
      ['+0.10000000000000000000001+179.99999999999999999999', '0.10000000000000000000001', '179.99999999999999999999'],
      ['-0-0', '-0', '-0'],
    ] as const;
    for (const [field, latitude, longitude] of cases) {
      expect(parsePosition(field)).to.deep.equal({ latitude, longitude });
      expect(splitPosition(field)).to.deep.equal({ latitude, longitude });
    }
    fc.assert(
      fc.property(positions, (field) => {
        const { latitude, longitude } = parsePosition(field) ?? expect.fail('no position');
        expect(splitPosition(field)).to.deep.equal({ latitude, longitude });
        expect([latitude, longitude].map((part) => (part.startsWith('-') ? part : `+${part}`)).join('')).to.equal(
          field,
        );
        expect(Math.abs(Number(latitude))).to.be.at.most(90);
        expect(Math.abs(Number(longitude))).to.be.at.most(180);
      }),
    );
  });
});
