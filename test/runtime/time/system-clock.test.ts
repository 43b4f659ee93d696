import { performance } from 'node:perf_hooks';
import { expect } from 'chai';
import fc from 'fast-check';
import type { Instant } from '../../../src/protocol/place/time.js';
import { SystemClock } from '../../../src/runtime/time/system-clock.js';

/** Runs a function with fake machine clocks. */
function onMachine(run: (machine: { coarseMs: number; elapsedMs: number }) => void): void {
  const dateNow = Object.getOwnPropertyDescriptor(Date, 'now') ?? {};
  const machine = { coarseMs: performance.timeOrigin, elapsedMs: 0 };
  Date.now = () => Math.floor(machine.coarseMs);
  performance.now = () => machine.elapsedMs;
  try {
    run(machine);
  } finally {
    Object.defineProperty(Date, 'now', dateNow);
    // Deleting the own property restores the inherited method.
    Reflect.deleteProperty(performance, 'now');
  }
}

/** Resolution of a double of milliseconds since 1970. */
const doubleNs = 250;

const nanosecondsOf = ({ seconds, nanoseconds }: Instant) => BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);

/** Nanoseconds from a time in whole milliseconds to an instant. */
const aheadNs = (instant: Instant, coarseMs: number) => Number(nanosecondsOf(instant) - BigInt(coarseMs) * 1_000_000n);

describe('SystemClock', () => {
  it('[TM6] has a resolution below a millisecond', () => {
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

  it('stays within a millisecond of a drifting machine clock and never stands still', () => {
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
            // The clock may run slightly fast, but not backwards.
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
    it(`follows a machine clock that is set ${name}`, () => {
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

  it('distinguishes moments a few hundred nanoseconds apart', () => {
    onMachine((machine) => {
      const clock = new SystemClock();
      machine.elapsedMs += 0.01;
      machine.coarseMs += 0.01;
      const first = nanosecondsOf(clock.now());
      machine.elapsedMs += 0.000_3;
      machine.coarseMs += 0.000_3;
      const second = nanosecondsOf(clock.now());
      expect(Number(second - first)).to.be.within(299, 301);
    });
  });

  it('has a monotonic clock that ignores changes of the machine clock', () => {
    onMachine((machine) => {
      const clock = new SystemClock();
      machine.elapsedMs = 5;
      machine.coarseMs -= 1_000_000;
      expect(clock.monotonicMs()).to.equal(5);
    });
  });

  it('calls back after a timeout unless it is cleared', async () => {
    const clock = new SystemClock();
    const startMs = clock.monotonicMs();
    let calls = 0;
    const timer = clock.setTimeout(() => (calls += 1), 1);
    clock.clearTimeout(timer);
    await new Promise<void>((resolve) => clock.setTimeout(resolve, 20));
    expect(clock.monotonicMs() - startMs).to.be.at.least(19);
    expect(calls).to.equal(0);
  });
});
