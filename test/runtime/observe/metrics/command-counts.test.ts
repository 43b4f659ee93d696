import { expect } from 'chai';
import { CommandCounts } from '../../../../src/runtime/observe/metrics/command-counts.js';
import { VirtualClock } from '../../../../src/simulation/time/virtual-clock.js';
import { Lines } from '../../../../src/protocol/text/lines.js';

describe('CommandCounts', () => {
  it('counts each command once in the total, whatever its kind and outcome', () => {
    const counts = new CommandCounts(new VirtualClock());
    const answers = [
      'AT Blake +1 kiwi +1+1 1',
      'AT Blake +1 kiwi +1+1 1',
      '{"results":[]}',
      'WATCHING kiwi',
      'UNWATCHED',
      '? IAMAT kiwi',
      '? WHATSAT kiwi',
      '? WATCH',
      '? UNWATCH a b',
      '? hello',
    ];
    const lines = Lines.of(...answers);
    counts.record({ kind: 'lines', direction: 'out', party: 'client', remoteAddress: '192.0.2.1:1', lines });
    expect(counts.total).to.equal(answers.length - 1);
    expect(counts.invalid).to.deep.equal({ iamat: 1, whatsat: 1, watch: 1, unwatch: 1, other: 1 });
  });
});
