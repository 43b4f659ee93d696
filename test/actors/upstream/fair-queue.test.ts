import { expect } from 'chai';
import { addresses } from '../../../src/actors/addresses.js';
import { selectNext, selectSurplus } from '../../../src/actors/upstream/fair-queue.js';
import type { PendingQuery } from '../../../src/actors/upstream/pending-query.js';

/** An inquiry of a connection at an address. */
function inquiry(remoteHost: string, connection: number): PendingQuery {
  const replyTo = addresses.connection(connection);
  return {
    key: '',
    query: { latitude: '1', longitude: '1', radiusKm: 1, count: 1 },
    remoteHost,
    requesters: [{ replyTo, requestId: 1 }],
    deadlineAtMs: 0,
    cancelDeadline: () => undefined,
    attempts: 0,
    state: { name: 'queued' },
  };
}

describe('FairQueue', () => {
  it('[UP16] selects by the fewest requests in flight: per host, per connection, then by age', () => {
    const [greedy, calm, other] = [inquiry('a', 1), inquiry('a', 2), inquiry('b', 3)];
    expect(selectNext([greedy, calm, other], [])).to.equal(greedy);
    expect(selectNext([greedy, calm, other], [inquiry('a', 1)])).to.equal(other);
    expect(selectNext([greedy, calm], [inquiry('a', 1)])).to.equal(calm);
    expect(selectNext([], [greedy])).to.equal(undefined);
  });

  it('[UP16] rejects the newest query of the host, then connection, with the most queued ones', () => {
    const [first, second, newest] = [inquiry('a', 1), inquiry('a', 2), inquiry('b', 3)];
    expect(selectSurplus([first, second, newest]), 'of the address').to.equal(second);
    const last = inquiry('a', 1);
    expect(selectSurplus([first, second, last, newest]), 'of the connection').to.equal(last);
    expect(selectSurplus([first, newest]), 'of equals the newest').to.equal(newest);
    expect(selectSurplus([])).to.equal(undefined);
  });
});
