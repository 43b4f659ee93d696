import { expect } from 'chai';
import { Path } from '../../../src/simulation/network/path.js';
import { Stream } from '../../../src/simulation/network/stream.js';
import { SeededRandom } from '../../../src/simulation/time/seeded-random.js';
import { VirtualClock } from '../../../src/simulation/time/virtual-clock.js';

/** A clock whose timers fire a little late, each by as much as it likes, as those of a machine do. */
class CoarseClock extends VirtualClock {
  private readonly random = new SeededRandom('coarse');

  override setTimeout(callback: () => void, delayMs: number): unknown {
    return super.setTimeout(callback, delayMs + this.random.between(0, 2));
  }
}

describe('Stream', () => {
  it('keeps the order of what is sent, however coarse the clock is', () => {
    const clock = new CoarseClock();
    const usual = { delay: { minMs: 0, maxMs: 20 }, loss: 0.1, duplicate: 0, bytesPerSecond: Infinity };
    const path = new Path(usual, new SeededRandom('path'));
    const arrived: string[] = [];
    const stream = new Stream(clock, path, {
      arrived: ({ text }) => arrived.push(text),
      timedOut: () => undefined,
    });
    const sent = Array.from({ length: 500 }, (_, index) => String(index));
    for (const [index, text] of sent.entries()) {
      stream.send({ kind: 'data', text, sentMs: clock.monotonicMs() });
      clock.advance(1);
      if (index % 100 === 50) path.stall();
      if (index % 100 === 70) path.heal();
      if (index % 10 === 0) stream.pathChanged();
    }
    path.heal();
    stream.pathChanged();
    clock.advance(10_000);
    expect(arrived).to.deep.equal(sent);
  });
});
