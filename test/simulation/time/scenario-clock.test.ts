import { expect } from 'chai';
import { SystemClock } from '../../../src/runtime/time/system-clock.js';
import { ScenarioClock } from '../../../src/simulation/time/scenario-clock.js';

/** A clock of the machine that may be set forth. */
class JumpingClock extends SystemClock {
  jumpedMs = 0;

  override monotonicMs(): number {
    return super.monotonicMs() + this.jumpedMs;
  }
}

describe('ScenarioClock', () => {
  it('passes no moment that it is not let pass to, however late the machine is', async () => {
    const machine = new JumpingClock();
    const clock = new ScenarioClock(machine, new AbortController().signal);
    const passing = clock.advanceTo(20);
    machine.jumpedMs += 5_000;
    expect(clock.nowMs()).to.equal(20);
    await passing;
    machine.jumpedMs += 5_000;
    expect(clock.nowMs()).to.equal(20);
    const startedMs = machine.monotonicMs();
    await clock.advanceTo(70);
    expect(clock.nowMs()).to.equal(70);
    // A timer may be early by a millisecond.
    expect(machine.monotonicMs() - startedMs).to.be.at.least(49);
  });

  it('does not go back', async () => {
    const clock = new ScenarioClock(new SystemClock(), new AbortController().signal);
    await clock.advanceTo(10);
    await clock.advanceTo(5);
    expect(clock.nowMs()).to.equal(10);
  });

  it('is broken off at once', async () => {
    const interruption = new AbortController();
    const clock = new ScenarioClock(new SystemClock(), interruption.signal);
    const passing = clock.advanceTo(3_600_000);
    interruption.abort(new Error('enough'));
    const error = await passing.catch((reason: unknown) => reason);
    expect(error).to.be.an('error').with.property('message', 'enough');
    expect(await clock.advanceTo(3_600_000).catch(() => 'again')).to.equal('again');
  });
});
