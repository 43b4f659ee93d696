import { expect } from 'chai';

import { clientIdSource, serverIdSource } from '../../../src/protocol/place/ids.js';
import { isPosition } from '../../../src/protocol/place/position.js';
import {
  findClientIdEnd,
  findPositionEnd,
  findServerIdEnd,
  findSkewEnd,
  findTimeEnd,
  isPrintableText,
  matched,
  skipWhiteSpace,
} from '../../../src/protocol/place/scan-fields.js';
import { parseTime } from '../../../src/protocol/place/time.js';
import { WordBuffer } from '../../../src/protocol/text/word-buffer.js';
import { allBytes, whiteSpaceBytes } from '../../support/arbitraries.js';
import { compareGenerated } from '../../support/differential.js';
import { isPrintableLine } from '../../support/expect-row.js';
import type { LineGenerator } from '../../support/line-generator.js';

const clientIdPattern = new RegExp(`^${clientIdSource}$`);
const serverIdPattern = new RegExp(`^${serverIdSource}$`);
const skewPattern = /^[+-]\d{1,15}\.\d{9}$/;

type FindEnd = (view: DataView, start: number, end: number) => number;

/** Compares whether two implementations find a field valid as a whole. Digits stand around it, which are not part of it. */
function compareField(
  generate: (generator: LineGenerator) => string,
  findEnd: FindEnd,
  isValid: (field: string) => boolean,
  compareValues: (field: string) => void = () => undefined,
): void {
  const counts = compareGenerated(generate, (field) => {
    const expected = isValid(field);
    const end = findEnd(WordBuffer.of(`0${field}0`).view, 1, 1 + field.length);
    expect(end === 1 + field.length, 'valid').to.equal(expected);
    expect(end).to.be.at.most(1 + field.length);
    if (expected) compareValues(field);
    return expected;
  });
  expect(Math.min(counts.valid, counts.invalid)).to.be.above(0);
}

function expectMatched(time: string): void {
  expect({ seconds: matched.seconds, nanoseconds: matched.nanoseconds }).to.deep.equal(parseTime(time));
}

describe('the fields of a line as bytes', () => {
  it('are valid if their patterns match: position', () => {
    compareField((generator) => generator.mutate(generator.position()), findPositionEnd, isPosition);
  });

  it('are valid if their patterns match: time, and have its value', () => {
    const isTime = (field: string) => parseTime(field) !== undefined;
    compareField((generator) => generator.mutate(generator.time()), findTimeEnd, isTime, expectMatched);
  });

  it('are valid if their patterns match: skew, and have its value', () => {
    const isSkew = (field: string) => skewPattern.test(field);
    compareField(
      (generator) => generator.mutate(generator.skew()),
      findSkewEnd,
      isSkew,
      (skew) => expectMatched(skew.slice(1)),
    );
  });

  it('are valid if their patterns match: server ID', () => {
    const isServerId = (field: string) => serverIdPattern.test(field);
    compareField((generator) => generator.mutate(generator.serverId()), findServerIdEnd, isServerId);
  });

  it('are valid if their patterns match: client ID, and printable if all bytes are', () => {
    const isClientId = (field: string) => clientIdPattern.test(field);
    compareField(
      (generator) => generator.mutate(generator.clientId()),
      findClientIdEnd,
      isClientId,
      (id) => expect(matched.isPrintable).to.equal(isPrintableLine(id)),
    );
  });

  it('[FR8] end at six bytes, and at none of the other 250', () => {
    for (const byte of allBytes) {
      for (let length = 1; length < 9; length += 1) {
        const { view } = WordBuffer.of(`${'k'.repeat(length)}${byte}k`);
        const isEnd = whiteSpaceBytes.includes(byte);
        expect(findClientIdEnd(view, 0, length + 2)).to.equal(isEnd ? length : length + 2);
        expect(skipWhiteSpace(view, length, length + 2)).to.equal(isEnd ? length + 1 : length);
        expect(isPrintableText(view, 0, length + 2)).to.equal(isPrintableLine(byte));
      }
    }
  });
});
