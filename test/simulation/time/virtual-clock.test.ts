import { expect } from 'chai';
import { createActor, setup } from 'xstate';
import { VirtualClock } from '../../../src/simulation/time/virtual-clock.js';

describe('VirtualClock', () => {
  let clock: VirtualClock;
  let fired: string[];
  const note = (name: string) => () => fired.push(`${name} at ${clock.monotonicMs()}`);

  beforeEach(() => {
    clock = new VirtualClock();
    fired = [];
  });

  it('fires in the order of the deadlines, and what is due at once in the order of arming', () => {
    clock.setTimeout(note('late'), 30);
    clock.setTimeout(note('first'), 10);
    clock.setTimeout(note('second'), 10);
    clock.advance(9);
    expect(fired).to.deep.equal([]);
    clock.advance(1);
    expect(fired).to.deep.equal(['first at 10', 'second at 10']);
    clock.advance(100);
    expect(fired.at(-1)).to.equal('late at 30');
    expect(clock.monotonicMs()).to.equal(110);
  });

  it('fires a timer that a timer armed at its own time, within one step', () => {
    clock.setTimeout(() => clock.setTimeout(note('inner'), 5), 10);
    clock.setTimeout(note('outer'), 20);
    clock.advance(1_000);
    expect(fired).to.deep.equal(['inner at 15', 'outer at 20']);
  });

  it('forgets a timer that was taken back, even by one that is due at the same moment', () => {
    clock.setTimeout(() => clock.clearTimeout(second), 10);
    const second = clock.setTimeout(note('second'), 10);
    clock.advance(10);
    expect(fired).to.deep.equal([]);
    expect(clock.armedTimerCount).to.equal(0);
  });

  it('returns the time of day with nanoseconds', () => {
    clock.advance(1_234.000_001);
    expect(clock.now()).to.deep.equal({ seconds: 1_700_000_001, nanoseconds: 234_000_001 });
  });

  it("drives XState's delays: three that follow each other, in one step", () => {
    const enter = (name: string) => ({ type: 'enter' as const, params: { name } });
    const machine = setup({
      actions: { enter: (_, params: { name: string }) => note(params.name)() },
    }).createMachine({
      initial: 'one',
      states: {
        one: { after: { 100: 'two' } },
        two: { entry: enter('two'), after: { 10: 'three' } },
        three: { entry: enter('three'), after: { 1: 'four' } },
        four: { entry: enter('four') },
      },
    });
    createActor(machine, { clock }).start();
    clock.advance(111);
    expect(fired).to.deep.equal(['two at 100', 'three at 110', 'four at 111']);
  });
});
