import { expect } from 'chai';
import { defaultLimits } from '../../../src/actors/ports/limits.js';
import { defaultUpstreamSettings } from '../../../src/actors/upstream/upstream-settings.js';
import { configFromObject } from '../../../src/runtime/config/load.js';
import {
  memoryBoundBytes,
  processMemoryBoundBytes,
  memoryPartsOf,
  memoryUseOf,
  limitStoreBytes,
} from '../../../src/runtime/host/memory-bound.js';
import { toServerId } from '../../support/fake-location.js';

const gibibyte = 1_073_741_824;
const alone = {
  neighbours: 0,
  hasPeerPort: false,
  hasHttp: false,
  hasTls: false,
  hasStore: false,
  usesNats: false,
  hasLog: false,
  upstream: defaultUpstreamSettings,
};

const pair = configFromObject({
  herd: 'pair',
  servers: {
    Blake: { host: '127.0.0.1', port: 1, peerPort: 2, httpPort: 3 },
    Bryant: { host: '127.0.0.1', port: 4, peerPort: 5 },
  },
  topology: { Blake: ['Bryant'] },
});
const [blake, bryant] = [toServerId('Blake'), toServerId('Bryant')];

describe('memory bound', () => {
  it('is the sum of its parts, each of which grows with its limit', () => {
    const least = memoryBoundBytes(defaultLimits, alone);
    expect(memoryPartsOf(defaultLimits, alone).reduce((sum, { bytes }) => sum + bytes, 0)).to.equal(least);
    const uses = [
      ...[
        { neighbours: 1 },
        { hasPeerPort: true },
        { hasHttp: true },
        { hasTls: true },
        { hasStore: true },
        { usesNats: true },
      ],
      ...[{ hasLog: true }, { upstream: { ...defaultUpstreamSettings, maxConcurrentRequests: 64 } }],
    ];
    for (const more of uses) {
      expect(memoryBoundBytes(defaultLimits, { ...alone, ...more }), JSON.stringify(more)).to.be.above(least);
    }
    for (const limit of [
      'maxStoreBytes',
      'maxConnections',
      'maxTotalOutputBufferBytes',
      'maxPendingQueries',
    ] as const) {
      const limits = { ...defaultLimits, [limit]: 2 * defaultLimits[limit] };
      expect(memoryBoundBytes(limits, alone), limit).to.be.above(least);
    }
    const limits = { ...defaultLimits, maxPeerOutputBufferBytes: 2 * defaultLimits.maxPeerOutputBufferBytes };
    const linked = { ...alone, neighbours: 1 };
    expect(memoryBoundBytes(limits, linked)).to.be.above(memoryBoundBytes(defaultLimits, linked));
  });

  it('counts heap and slabs twice, because they may be half empty', () => {
    for (const limit of ['maxStoreBytes', 'maxTotalOutputBufferBytes'] as const) {
      const limits = { ...defaultLimits, [limit]: defaultLimits[limit] + 1_000 };
      expect(memoryBoundBytes(limits, alone) - memoryBoundBytes(defaultLimits, alone), limit).to.equal(2_000);
    }
  });

  it('of a server with default limits fits into 16 GiB without TLS', () => {
    const usual = { ...alone, neighbours: 3, hasPeerPort: true, hasHttp: true, hasStore: true, hasLog: true };
    expect(memoryBoundBytes(defaultLimits, usual)).to.be.within(8 * gibibyte, 16 * gibibyte);
  });

  it('derives the memory use of a server from the configuration', () => {
    const both = new Set([blake, bryant]);
    const { upstreamSettings: upstream } = pair;
    const linked = { ...alone, neighbours: 1, upstream };
    expect(memoryUseOf(pair, blake, both)).to.deep.equal({ ...linked, hasHttp: true });
    expect(memoryUseOf(pair, bryant, new Set([bryant]))).to.deep.equal({ ...linked, hasPeerPort: true });
  });

  it('of servers that share a process counts the program once', () => {
    const both = new Set([blake, bryant]);
    const sum = [...both]
      .map((server) => memoryBoundBytes(pair.limits, memoryUseOf(pair, server, both)))
      .reduce((a, b) => a + b);
    expect(sum - processMemoryBoundBytes(pair, both)).to.equal(240 * 1_048_576);
  });

  it('limits a store to what slabs can hold', () => {
    expect(limitStoreBytes(pair.limits)).to.equal(gibibyte);
    expect(limitStoreBytes({ maxStoreBytes: 1_024 * gibibyte })).to.equal(16 * gibibyte);
  });
});
