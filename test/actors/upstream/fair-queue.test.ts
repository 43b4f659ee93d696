import { expect } from 'chai';
import { addresses } from '../../../src/actors/bus/messages.js';
import { nextOf, surplusOf } from '../../../src/actors/upstream/fair-queue.js';
import type { Inquiry } from '../../../src/actors/upstream/pending-query.js';

/** An inquiry of a connection at an address. */
function inquiry(address: string, connection: number): Inquiry {
  const replyTo = addresses.connection(connection);
  return {
    key: '',
    about: { latitude: '1', longitude: '1', radiusKm: 1, count: 1 },
    address,
    askers: [{ replyTo, question: 1 }],
    dueMs: 0,
    deadline: undefined,
    attempts: 0,
    stage: { name: 'queued' },
  };
}

describe('the queue for the upstream', () => {
  it('[UP16] has first who has the fewest requests under way: by address, by connection, by age', () => {
    const [greedy, calm, other] = [inquiry('a', 1), inquiry('a', 2), inquiry('b', 3)];
    expect(nextOf([greedy, calm, other], [])).to.equal(greedy);
    expect(nextOf([greedy, calm, other], [inquiry('a', 1)])).to.equal(other);
    expect(nextOf([greedy, calm], [inquiry('a', 1)])).to.equal(calm);
    expect(nextOf([], [greedy])).to.equal(undefined);
  });

  it('[UP16] refuses the newest of who has the most waiting: by address, then by connection', () => {
    const [first, second, newest] = [inquiry('a', 1), inquiry('a', 2), inquiry('b', 3)];
    expect(surplusOf([first, second, newest]), 'of the address').to.equal(second);
    const last = inquiry('a', 1);
    expect(surplusOf([first, second, last, newest]), 'of the connection').to.equal(last);
    expect(surplusOf([first, newest]), 'of equals the newest').to.equal(newest);
    expect(surplusOf([])).to.equal(undefined);
  });
});
