import { expect } from 'chai';
import { parseRetryAfterMs } from '../../../src/runtime/upstream/retry-after.js';

const nowMs = Date.UTC(2026, 10, 22, 10, 0, 0);
const nowSeconds = nowMs / 1_000;

describe('parseRetryAfterMs', () => {
  for (const [what, headers, restMs] of [
    ['says nothing', {}, undefined],
    ['says seconds', { 'retry-after': '7' }, 7_000],
    ['says a date', { 'retry-after': 'Sun, 22 Nov 2026 10:01:30 GMT' }, 90_000],
    ['says a date that is over', { 'retry-after': 'Sun, 22 Nov 2026 09:00:00 GMT' }, 0],
    ['says nonsense', { 'retry-after': 'soon' }, undefined],
    ['says less than nothing', { 'retry-after': '-7' }, undefined],
    ['says a year', { 'retry-after': '31536000' }, 3_600_000],
    ['says the end of its window', { 'x-rate-limit-reset': `${nowSeconds + 600}` }, 600_000],
    [
      'says the end of its window, with nothing left',
      { 'x-rate-limit-reset': `${nowSeconds + 60}`, 'x-rate-limit-remaining': '0' },
      60_000,
    ],
    [
      'says the end of its window, with something left',
      { 'x-rate-limit-reset': `${nowSeconds + 60}`, 'x-rate-limit-remaining': '9' },
      undefined,
    ],
    ['says nonsense of its window', { 'x-rate-limit-reset': 'NaN' }, undefined],
    [
      'says both, and Retry-After is plainer',
      { 'retry-after': '5', 'x-rate-limit-reset': `${nowSeconds + 60}` },
      5_000,
    ],
  ] as const) {
    it(`parses an upstream that ${what}`, () => {
      expect(parseRetryAfterMs(headers, nowMs)).to.equal(restMs);
    });
  }
});
