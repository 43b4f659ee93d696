import { expect } from 'chai';
import { createActor, setup } from 'xstate';
import { ticker } from '../../../src/actors/time/ticker.js';
import { VirtualClock } from '../../../src/simulation/time/virtual-clock.js';

describe('ticker', () => {
  let clock: VirtualClock;
  let everyMs: number[];
  let ticks: number[];

  /** A machine that ticks in one state, and not in the other. */
  function begin() {
    const machine = setup({
      types: { events: {} as { type: 'TICK' } | { type: 'LEAVE' } | { type: 'RETURN' } },
      actors: { ticker },
      actions: { note: () => ticks.push(clock.monotonicMs()) },
    }).createMachine({
      initial: 'ticking',
      states: {
        ticking: {
          invoke: { src: 'ticker', input: { clock, type: 'TICK', nextIntervalMs: () => everyMs.shift() ?? 1_000 } },
          on: { TICK: { actions: 'note' }, LEAVE: 'still' },
        },
        still: { on: { TICK: { actions: 'note' }, RETURN: 'ticking' } },
      },
    });
    const actor = createActor(machine, { clock });
    actor.start();
    return actor;
  }

  beforeEach(() => {
    clock = new VirtualClock();
    everyMs = [];
    ticks = [];
  });

  it('sends its event repeatedly, and queries the interval each time', () => {
    everyMs = [100, 300, 50];
    begin();
    clock.advance(3_000);
    expect(ticks).to.deep.equal([100, 400, 450, 1_450, 2_450]);
  });

  it('stops with its state, leaves no timer, and restarts', () => {
    const actor = begin();
    clock.advance(1_500);
    actor.send({ type: 'LEAVE' });
    expect(clock.armedTimerCount).to.equal(0);
    clock.advance(5_000);
    expect(ticks).to.deep.equal([1_000]);
    actor.send({ type: 'RETURN' });
    clock.advance(1_000);
    expect(ticks).to.deep.equal([1_000, 7_500]);
    actor.stop();
    expect(clock.armedTimerCount).to.equal(0);
  });

  it('may be stopped by the handling of its event', () => {
    const actor = begin();
    actor.subscribe(() => {
      if (ticks.length === 2 && actor.getSnapshot().matches('ticking')) actor.send({ type: 'LEAVE' });
    });
    clock.advance(10_000);
    expect(ticks).to.deep.equal([1_000, 2_000]);
    expect(clock.armedTimerCount).to.equal(0);
  });
});
