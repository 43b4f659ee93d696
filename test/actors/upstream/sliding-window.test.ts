import { expect } from 'chai';
import fc from 'fast-check';
import { SlidingWindow } from '../../../src/actors/upstream/sliding-window.js';

const spanMs = 60_000;
/** What is forgotten later than it might be: a grain of time. */
const lateMs = spanMs / 240;

describe('SlidingWindow', () => {
  it('allows no more than its limit, and returns the wait', () => {
    const window = new SlidingWindow(spanMs, 10);
    expect(window.waitMs(10, 0)).to.equal(0);
    window.spend(6, 0);
    window.spend(4, 30_000);
    expect(window.waitMs(1, 30_000)).to.equal(30_000 + lateMs);
    expect(window.waitMs(7, 30_000)).to.equal(60_000 + lateMs);
    expect(window.waitMs(6, 60_000 + lateMs)).to.equal(0);
    expect(window.waitMs(7, 60_000 + lateMs)).to.equal(30_000);
  });

  it('returns Infinity for an amount above the limit', () => {
    expect(new SlidingWindow(spanMs, 10).waitMs(11, 0)).to.equal(Infinity);
    expect(new SlidingWindow(spanMs, 0).waitMs(1, 0)).to.equal(Infinity);
  });

  it('never exceeds the limit in any span, and never waits longer than necessary', () => {
    const steps = fc.array(fc.record({ afterMs: fc.nat(20_000), amount: fc.integer({ min: 1, max: 5 }) }), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(steps, (given) => {
        const window = new SlidingWindow(spanMs, 10);
        const spent: { atMs: number; amount: number }[] = [];
        const within = (fromMs: number) =>
          spent.filter(({ atMs }) => atMs > fromMs).reduce((sum, { amount }) => sum + amount, 0);
        let nowMs = 0;
        for (const { afterMs, amount } of given) {
          nowMs += afterMs;
          if (window.waitMs(amount, nowMs) > 0) {
            expect(within(nowMs - spanMs - lateMs) + amount).to.be.above(10);
            continue;
          }
          window.spend(amount, nowMs);
          spent.push({ atMs: nowMs, amount });
          expect(within(nowMs - spanMs)).to.be.at.most(10);
        }
      }),
    );
  });

  it('allows spending after the returned wait', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(100_000), { maxLength: 30 }), fc.integer({ min: 1, max: 10 }), (times, amount) => {
        const window = new SlidingWindow(spanMs, 10);
        let nowMs = 0;
        for (const atMs of times.sort((a, b) => a - b)) {
          nowMs = atMs;
          if (window.waitMs(1, nowMs) === 0) window.spend(1, nowMs);
        }
        const waitMs = window.waitMs(amount, nowMs);
        expect(window.waitMs(amount, nowMs + waitMs)).to.equal(0);
      }),
    );
  });
});
