import { expect } from 'chai';
import { memoryHere, memoryWarning } from '../../../src/cli/shared/memory-warning.js';
import { configOfObject } from '../../../src/runtime/config/load.js';
import { memoryBoundOfProcess } from '../../../src/runtime/host/memory-bound.js';
import { serverId } from '../../support/fake-location.js';

const gibibyte = 1_073_741_824;
const blake = new Set([serverId('Blake')]);

function herd(limits: Readonly<Record<string, number>> = {}) {
  const servers = { Blake: { host: '127.0.0.1', port: 1, peerPort: 2 } };
  return configOfObject({ herd: 'one', servers, talks: { Blake: [] }, limits });
}

describe('the warning of too little memory', () => {
  it('says nothing where there is enough', () => {
    const config = herd();
    const bytes = memoryBoundOfProcess(config, blake, 4 * gibibyte);
    expect(memoryWarning(config, [blake], { bytes, heapBytesMax: 4 * gibibyte })).to.equal(undefined);
  });

  it('says how much could be taken and how much there is, and how many connections there is memory for', () => {
    const machine = { bytes: 4 * gibibyte, heapBytesMax: 4 * gibibyte };
    const warning = memoryWarning(herd(), [blake], machine) ?? '';
    expect(warning).to.match(
      /take \d+\.\d GiB of memory, and there are 4\.0 GiB: lower limits\.connectionsMax to \d+,/,
    );
    const connectionsMax = Number(/connectionsMax to (\d+)/.exec(warning)?.[1]);
    expect(memoryWarning(herd({ connectionsMax }), [blake], machine)).to.equal(undefined);
    expect(memoryWarning(herd({ connectionsMax: connectionsMax + 1 }), [blake], machine)).to.not.equal(undefined);
  });

  it('names the other limits where no number of connections is small enough', () => {
    const machine = { bytes: gibibyte, heapBytesMax: 4 * gibibyte };
    expect(memoryWarning(herd(), [blake], machine)).to.contain(
      'lower limits.storeBytesMax, limits.backlogBytesInAllMax and limits.connectionsMax',
    );
  });

  it('adds up processes', () => {
    const config = herd();
    const bytes = 1.5 * memoryBoundOfProcess(config, blake, 4 * gibibyte);
    expect(memoryWarning(config, [blake], { bytes, heapBytesMax: 4 * gibibyte })).to.equal(undefined);
    expect(memoryWarning(config, [blake, blake], { bytes, heapBytesMax: 4 * gibibyte })).to.be.a('string');
  });

  it('knows how much this machine has', () => {
    expect(memoryHere().bytes).to.be.within(100_000_000, 1e15);
    expect(memoryHere().heapBytesMax).to.be.above(100_000_000);
  });
});
