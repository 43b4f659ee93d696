import { expect } from 'chai';
import { SystemClock } from '../../../src/runtime/time/system-clock.js';
import { StoryClock } from '../../../src/simulation/time/scenario-clock.js';

/** A clock of the machine that may be set forth. */
class JumpingClock extends SystemClock {
  jumpedMs = 0;

  override monotonicMs(): number {
    return super.monotonicMs() + this.jumpedMs;
  }
}

describe('StoryClock', () => {
  it('passes no moment that it is not let pass to, however late the machine is', async () => {
    const machine = new JumpingClock();
    const clock = new StoryClock(machine, new AbortController().signal);
    const passing = clock.passUntil(20);
    machine.jumpedMs += 5_000;
    expect(clock.nowMs()).to.equal(20);
    await passing;
    machine.jumpedMs += 5_000;
    expect(clock.nowMs()).to.equal(20);
    const startedMs = machine.monotonicMs();
    await clock.passUntil(70);
    expect(clock.nowMs()).to.equal(70);
    // A timer may be early by a millisecond.
    expect(machine.monotonicMs() - startedMs).to.be.at.least(49);
  });

  it('does not go back', async () => {
    const clock = new StoryClock(new SystemClock(), new AbortController().signal);
    await clock.passUntil(10);
    await clock.passUntil(5);
    expect(clock.nowMs()).to.equal(10);
  });

  it('is broken off at once', async () => {
    const interruption = new AbortController();
    const clock = new StoryClock(new SystemClock(), interruption.signal);
    const passing = clock.passUntil(3_600_000);
    interruption.abort(new Error('enough'));
    const error = await passing.catch((reason: unknown) => reason);
    expect(error).to.be.an('error').with.property('message', 'enough');
    expect(await clock.passUntil(3_600_000).catch(() => 'again')).to.equal('again');
  });
});
