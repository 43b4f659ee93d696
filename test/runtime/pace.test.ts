import { expect } from 'chai';
import { Pace } from '../../src/runtime/pace.js';
import { Turn } from '../../src/runtime/turn.js';
import { eventually } from '../support/eventually.js';

describe('Pace', () => {
  const turnEnds = () => new Promise((resolve) => setImmediate(resolve));

  it('flushes what comes by itself at the end of the turn, and a dense stream not again before its time', async () => {
    const everyMs = 40;
    const pace = new Pace(new Turn(), { denseMs: everyMs, everyMs });
    const flushes: number[] = [];
    const ask = () => pace.ask({ flush: () => flushes.push(performance.now()) });
    ask();
    ask();
    expect(flushes, 'nothing within the turn').to.deep.equal([]);
    await turnEnds();
    expect(flushes).to.have.lengthOf(2);
    for (let asked = 0; asked < 3; asked += 1) ask();
    await eventually('all are flushed', () => flushes.length === 5);
    const [first = 0, , ...later] = flushes;
    // A timer of Node may come up to a millisecond early.
    for (const at of later) expect(at - first).to.be.at.least(everyMs - 1);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
    const asked = performance.now();
    ask();
    await turnEnds();
    expect(flushes, `asked at ${asked}`).to.have.lengthOf(6);
  });

  it('lets nothing wait that comes less often than a dense stream does, though more often than that is flushed', async () => {
    const pace = new Pace(new Turn(), { denseMs: 5, everyMs: 60_000 });
    let flushes = 0;
    for (let asked = 1; asked <= 3; asked += 1) {
      pace.ask({ flush: () => (flushes += 1) });
      await turnEnds();
      expect(flushes).to.equal(asked);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  });
});
