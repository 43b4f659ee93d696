import { expect } from 'chai';
import { defaultLimits } from '../../../src/actors/ports/limits.js';
import { defaultUpstreamPace } from '../../../src/actors/upstream/upstream-settings.js';
import { configOfObject } from '../../../src/runtime/config/load.js';
import {
  memoryBoundBytes,
  memoryBoundOfProcess,
  memoryPartsOf,
  memoryUseOf,
  storeBytesWithin,
} from '../../../src/runtime/host/memory-bound.js';
import { serverId } from '../../support/fake-location.js';

const gibibyte = 1_073_741_824;
const alone = {
  neighbours: 0,
  peerPort: false,
  http: false,
  tls: false,
  store: false,
  bucket: false,
  log: false,
  upstream: defaultUpstreamPace,
};

const pair = configOfObject({
  herd: 'pair',
  servers: {
    Blake: { host: '127.0.0.1', port: 1, peerPort: 2, httpPort: 3 },
    Bryant: { host: '127.0.0.1', port: 4, peerPort: 5 },
  },
  talks: { Blake: ['Bryant'] },
});
const [blake, bryant] = [serverId('Blake'), serverId('Bryant')];

describe('the bound of memory', () => {
  it('is the sum of its parts, each of which grows with what it is for', () => {
    const least = memoryBoundBytes(defaultLimits, alone);
    expect(memoryPartsOf(defaultLimits, alone).reduce((sum, { bytes }) => sum + bytes, 0)).to.equal(least);
    const uses = [
      ...[{ neighbours: 1 }, { peerPort: true }, { http: true }, { tls: true }, { store: true }, { bucket: true }],
      ...[{ log: true }, { upstream: { ...defaultUpstreamPace, requestsMax: 64 } }],
    ];
    for (const more of uses) {
      expect(memoryBoundBytes(defaultLimits, { ...alone, ...more }), JSON.stringify(more)).to.be.above(least);
    }
    for (const limit of ['storeBytesMax', 'connectionsMax', 'backlogBytesInAllMax', 'pendingQueriesMax'] as const) {
      const limits = { ...defaultLimits, [limit]: 2 * defaultLimits[limit] };
      expect(memoryBoundBytes(limits, alone), limit).to.be.above(least);
    }
    const limits = { ...defaultLimits, linkBacklogBytesMax: 2 * defaultLimits.linkBacklogBytesMax };
    const linked = { ...alone, neighbours: 1 };
    expect(memoryBoundBytes(limits, linked)).to.be.above(memoryBoundBytes(defaultLimits, linked));
  });

  it('has twice the bytes on the heap in it: the heap grows before it is collected', () => {
    for (const limit of ['storeBytesMax', 'backlogBytesInAllMax'] as const) {
      const limits = { ...defaultLimits, [limit]: defaultLimits[limit] + 1_000 };
      expect(memoryBoundBytes(limits, alone) - memoryBoundBytes(defaultLimits, alone), limit).to.equal(2_000);
    }
  });

  it('of a server with the limits left as they are fits into a machine of 16 GiB, TLS aside', () => {
    const usual = { ...alone, neighbours: 3, peerPort: true, http: true, store: true, log: true };
    expect(memoryBoundBytes(defaultLimits, usual)).to.be.within(8 * gibibyte, 16 * gibibyte);
  });

  it('reads in a config what a server uses memory for', () => {
    const both = new Set([blake, bryant]);
    const { upstreamPace: upstream } = pair;
    const linked = { ...alone, neighbours: 1, upstream };
    expect(memoryUseOf(pair, blake, both)).to.deep.equal({ ...linked, http: true });
    expect(memoryUseOf(pair, bryant, new Set([bryant]))).to.deep.equal({ ...linked, peerPort: true });
  });

  it('of servers that share a process counts the program once, and what its heap has room for of locations', () => {
    const both = new Set([blake, bryant]);
    const sum = [...both]
      .map((server) => memoryBoundBytes(pair.limits, memoryUseOf(pair, server, both)))
      .reduce((a, b) => a + b);
    const shared = memoryBoundOfProcess(pair, both, 64 * gibibyte);
    expect(sum - shared).to.equal(240 * 1_048_576);
    // 512 MiB each instead of 1 GiB, and all of that twice.
    expect(shared - memoryBoundOfProcess(pair, both, 2 * gibibyte)).to.equal(2 * gibibyte);
  });

  it('has the servers of a process share half of its heap', () => {
    expect(storeBytesWithin(1_000, 1, 4_000)).to.equal(1_000);
    expect(storeBytesWithin(1_000, 2, 4_000)).to.equal(1_000);
    expect(storeBytesWithin(1_000, 5, 4_000)).to.equal(400);
  });
});
