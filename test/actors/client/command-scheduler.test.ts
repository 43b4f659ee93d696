import { expect } from 'chai';
import { CommandScheduler, type CommandSource } from '../../../src/actors/client/command-scheduler.js';
import { VirtualClock } from '../../../src/simulation/time/virtual-clock.js';

describe('CommandScheduler', () => {
  let clock: VirtualClock;
  let scheduler: CommandScheduler;
  let served: string[];

  beforeEach(() => {
    clock = new VirtualClock();
    scheduler = new CommandScheduler(clock);
    served = [];
  });

  /** A connection with so much to do. */
  function source(name: string, cost: number): CommandSource {
    let left = cost;
    const self = {
      resume: () => {
        const part = Math.min(left, scheduler.quantum);
        left -= part;
        scheduler.spend(part);
        served.push(name);
        if (left > 0) scheduler.enqueue(self);
      },
    };
    return self;
  }

  it('resumes waiting sources in turn, and queues one with more commands behind the others', () => {
    for (const name of ['a', 'b', 'c']) scheduler.enqueue(source(name, 512));
    clock.advance(0);
    expect(served.join('')).to.equal('abcabc');
  });

  it('limits the cost of a turn, however many sources wait', () => {
    for (let index = 0; index < 200; index += 1) scheduler.enqueue(source(String(index), 10_000));
    const turn = scheduler.turn;
    clock.fireNext(0);
    expect(scheduler.turn).to.equal(turn + 1);
    expect(served).to.have.lengthOf(2_048 / 256);
  });

  it('gives a single source a larger quantum than one of several', () => {
    expect(scheduler.quantum).to.equal(1_024);
    scheduler.enqueue(source('a', 1));
    expect(scheduler.quantum).to.equal(256);
  });

  it('gives a smaller quantum late in a long turn', () => {
    scheduler.spend(2_048);
    expect(scheduler.quantum).to.equal(256);
    clock.advance(0);
    expect(scheduler.quantum).to.equal(1_024);
  });

  it('has no timer under little load, and does not resume removed sources', () => {
    scheduler.spend(255);
    expect(clock.armedTimerCount).to.equal(0);
    const gone = source('gone', 1);
    scheduler.enqueue(gone);
    scheduler.remove(gone);
    clock.advance(0);
    expect(served).to.deep.equal([]);
    expect(clock.armedTimerCount).to.equal(0);
  });
});
