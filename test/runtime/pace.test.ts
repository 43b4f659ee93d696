import { expect } from 'chai';
import { Pace } from '../../src/runtime/pace.js';
import { Turn } from '../../src/runtime/turn.js';
import { eventually } from '../support/eventually.js';

describe('Pace', () => {
  it('flushes at the end of the turn after a pause, and then not again before its time', async () => {
    const everyMs = 40;
    const pace = new Pace(new Turn(), everyMs);
    const flushes: number[] = [];
    const ask = () => pace.ask({ flush: () => flushes.push(performance.now()) });
    ask();
    ask();
    expect(flushes, 'nothing within the turn').to.deep.equal([]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(flushes).to.have.lengthOf(2);
    for (let asked = 0; asked < 3; asked += 1) ask();
    await eventually('all are flushed', () => flushes.length === 5);
    const [first = 0, , ...later] = flushes;
    // A timer of Node may come up to a millisecond early.
    for (const at of later) expect(at - first).to.be.at.least(everyMs - 1);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
    const asked = performance.now();
    ask();
    await new Promise((resolve) => setImmediate(resolve));
    expect(flushes, `asked at ${asked}`).to.have.lengthOf(6);
  });
});
