import { performance } from 'node:perf_hooks';
import { expect } from 'chai';
import fc from 'fast-check';
import type { Instant } from '../../../src/protocol/place/time.js';
import { SystemClock } from '../../../src/runtime/time/system-clock.js';

/** Runs with a machine whose clocks say what the test wants. */
function onMachine(run: (machine: { coarseMs: number; elapsedMs: number }) => void): void {
  const dateNow = Object.getOwnPropertyDescriptor(Date, 'now') ?? {};
  const machine = { coarseMs: performance.timeOrigin, elapsedMs: 0 };
  Date.now = () => Math.floor(machine.coarseMs);
  performance.now = () => machine.elapsedMs;
  try {
    run(machine);
  } finally {
    Object.defineProperty(Date, 'now', dateNow);
    // What was set here hides the method that the object inherits.
    Reflect.deleteProperty(performance, 'now');
  }
}

/** A double of milliseconds since 1970 is true to this. */
const doubleNs = 250;

const nanosecondsOf = ({ seconds, nanoseconds }: Instant) => BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);

/** How far an instant is after a moment in whole milliseconds. */
const aheadNs = (instant: Instant, coarseMs: number) => Number(nanosecondsOf(instant) - BigInt(coarseMs) * 1_000_000n);

describe('SystemClock', () => {
  it('[TM6] tells the time of day finer than a millisecond', () => {
    const clock = new SystemClock();
    const parts = new Set<number>();
    for (let look = 0; look < 1_000; look += 1) {
      const before = Date.now();
      const instant = clock.now();
      expect(instant.nanoseconds).to.satisfy(Number.isInteger).and.be.within(0, 999_999_999);
      expect(aheadNs(instant, before)).to.be.at.least(-doubleNs);
      expect(aheadNs(instant, Date.now())).to.be.at.most(1_000_000 + doubleNs);
      parts.add(instant.nanoseconds % 1_000_000);
    }
    expect(parts.size, 'parts of a millisecond seen').to.be.above(20);
  });

  it('is within a millisecond of the clock of the machine, and goes on, however that drifts', () => {
    const step = fc.record({
      elapsedMs: fc.double({ min: 0, max: 50, noNaN: true }),
      driftMs: fc.double({ min: -0.5, max: 0.5, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1 }), (steps) => {
        onMachine((machine) => {
          const clock = new SystemClock();
          let last = 0n;
          for (const { elapsedMs, driftMs } of steps) {
            machine.elapsedMs += elapsedMs;
            // The one clock may run a little faster than the other, but not backwards.
            machine.coarseMs += Math.max(0, elapsedMs + driftMs);
            const instant = clock.now();
            expect(aheadNs(instant, Date.now())).to.be.within(-doubleNs, 1_000_000 + doubleNs);
            expect(instant.nanoseconds).to.satisfy(Number.isInteger).and.be.within(0, 999_999_999);
            expect(Number(nanosecondsOf(instant) - last), 'goes on').to.be.at.least(-doubleNs);
            last = nanosecondsOf(instant);
          }
        });
      }),
    );
  });

  for (const [name, byMs] of [
    ['back', -3_600_000],
    ['forth', 3_600_000],
    ['back a little', -5],
  ] as const) {
    it(`follows a clock that is set ${name}`, () => {
      onMachine((machine) => {
        const clock = new SystemClock();
        clock.now();
        machine.coarseMs += byMs;
        machine.elapsedMs += 0.25;
        expect(aheadNs(clock.now(), Date.now())).to.be.within(-doubleNs, 1_000_000 + doubleNs);
        machine.coarseMs += 10;
        machine.elapsedMs += 10;
        expect(aheadNs(clock.now(), Date.now())).to.be.within(-doubleNs, 1_000_000 + doubleNs);
      });
    });
  }

  it('tells two moments a few hundred nanoseconds apart from each other', () => {
    onMachine((machine) => {
      const clock = new SystemClock();
      machine.elapsedMs += 0.01;
      machine.coarseMs += 0.01;
      const one = nanosecondsOf(clock.now());
      machine.elapsedMs += 0.000_3;
      machine.coarseMs += 0.000_3;
      const other = nanosecondsOf(clock.now());
      expect(Number(other - one)).to.be.within(299, 301);
    });
  });

  it('has a monotonic clock that minds no setting of the other', () => {
    onMachine((machine) => {
      const clock = new SystemClock();
      machine.elapsedMs = 5;
      machine.coarseMs -= 1_000_000;
      expect(clock.monotonicMs()).to.equal(5);
    });
  });

  it('calls back after the time asked for, unless that is taken back', async () => {
    const clock = new SystemClock();
    const startMs = clock.monotonicMs();
    let taken = 0;
    const timer = clock.setTimeout(() => (taken += 1), 1);
    clock.clearTimeout(timer);
    await new Promise<void>((resolve) => clock.setTimeout(resolve, 20));
    expect(clock.monotonicMs() - startMs).to.be.at.least(19);
    expect(taken).to.equal(0);
  });
});
