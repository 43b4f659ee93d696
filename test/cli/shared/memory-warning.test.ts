import { expect } from 'chai';
import { readMachineMemory, memoryWarning } from '../../../src/cli/shared/memory-warning.js';
import { configFromObject } from '../../../src/runtime/config/load.js';
import { processMemoryBoundBytes } from '../../../src/runtime/host/memory-bound.js';
import { toServerId } from '../../support/fake-location.js';

const gibibyte = 1_073_741_824;
const blake = new Set([toServerId('Blake')]);

function herd(limits: Readonly<Record<string, number>> = {}) {
  const servers = { Blake: { host: '127.0.0.1', port: 1, peerPort: 2 } };
  return configFromObject({ herd: 'one', servers, topology: { Blake: [] }, limits });
}

describe('memoryWarning', () => {
  it('is undefined if there is enough memory', () => {
    const config = herd();
    const bytes = processMemoryBoundBytes(config, blake);
    expect(memoryWarning(config, [blake], bytes)).to.equal(undefined);
  });

  it('names the maximum, the available memory and the number of connections that fits', () => {
    const machine = 4 * gibibyte;
    const warning = memoryWarning(herd(), [blake], machine) ?? '';
    expect(warning).to.match(
      /take \d+\.\d GiB of memory, more than the available 4\.0 GiB: lower limits\.maxConnections to \d+,/,
    );
    const maxConnections = Number(/maxConnections to (\d+)/.exec(warning)?.[1]);
    expect(memoryWarning(herd({ maxConnections }), [blake], machine)).to.equal(undefined);
    expect(memoryWarning(herd({ maxConnections: maxConnections + 1 }), [blake], machine)).to.not.equal(undefined);
  });

  it('names the other limits if no number of connections is small enough', () => {
    const machine = gibibyte;
    expect(memoryWarning(herd(), [blake], machine)).to.contain(
      'lower limits.maxStoreBytes, limits.maxTotalOutputBufferBytes and limits.maxConnections',
    );
  });

  it('adds up the memory of all processes', () => {
    const config = herd();
    const bytes = 1.5 * processMemoryBoundBytes(config, blake);
    expect(memoryWarning(config, [blake], bytes)).to.equal(undefined);
    expect(memoryWarning(config, [blake, blake], bytes)).to.be.a('string');
  });

  it('reads the memory of this machine', () => {
    expect(readMachineMemory()).to.be.within(100_000_000, 1e15);
  });
});
