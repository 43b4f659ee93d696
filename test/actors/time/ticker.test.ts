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
          invoke: { src: 'ticker', input: { clock, type: 'TICK', everyMs: () => everyMs.shift() ?? 1_000 } },
          on: { TICK: { actions: 'note' }, LEAVE: 'still' },
        },
        still: { on: { TICK: { actions: 'note' }, RETURN: 'ticking' } },
      },
    });
    const life = createActor(machine, { clock });
    life.start();
    return life;
  }

  beforeEach(() => {
    clock = new VirtualClock();
    everyMs = [];
    ticks = [];
  });

  it('sends its event again and again, and asks each time how long to wait', () => {
    everyMs = [100, 300, 50];
    begin();
    clock.advance(3_000);
    expect(ticks).to.deep.equal([100, 400, 450, 1_450, 2_450]);
  });

  it('falls silent with its state, leaves no timer, and begins anew', () => {
    const life = begin();
    clock.advance(1_500);
    life.send({ type: 'LEAVE' });
    expect(clock.armed).to.equal(0);
    clock.advance(5_000);
    expect(ticks).to.deep.equal([1_000]);
    life.send({ type: 'RETURN' });
    clock.advance(1_000);
    expect(ticks).to.deep.equal([1_000, 7_500]);
    life.stop();
    expect(clock.armed).to.equal(0);
  });

  it('may be left by what its tick leads to', () => {
    const life = begin();
    life.subscribe(() => {
      if (ticks.length === 2 && life.getSnapshot().matches('ticking')) life.send({ type: 'LEAVE' });
    });
    clock.advance(10_000);
    expect(ticks).to.deep.equal([1_000, 2_000]);
    expect(clock.armed).to.equal(0);
  });
});
