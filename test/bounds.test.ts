import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { maxLinkBackoffMs } from '../src/actors/time/backoff.js';
import { defaultLimits, defaultLinkTimings } from '../src/actors/ports/limits.js';
import { handshakeTimeoutMs } from '../src/protocol/peer/handshake.js';
import { maxDrainMs } from '../src/actors/server/server-machine.js';
import { defaultUpstreamSettings } from '../src/actors/upstream/upstream-settings.js';
import { finalWritesTimeoutMs } from '../src/runtime/host/final-writes.js';
import { processStopTimeoutMs } from '../src/runtime/processes/process-machine.js';

/** What closing a log, a store and sockets may take beside what has a bound of its own, in milliseconds. */
const closingMs = 1_000;

/** The seconds that a file of deploy/ gives a process to stop in. */
function secondsIn(path: string, pattern: RegExp): number {
  const text = readFileSync(new URL(`../../deploy/${path}`, import.meta.url), 'utf8');
  return Number(pattern.exec(text)?.[1] ?? expect.fail(`${path} says nothing like ${String(pattern)}`));
}

/** Bounds that depend on each other: the first must be less than the second. */
const relations: readonly (readonly [string, less: number, more: number])[] = [
  ['an upstream answers before a draining server gives up', defaultUpstreamSettings.deadlineMs, maxDrainMs],
  [
    'a server drains and writes its last before its parent kills it',
    maxDrainMs + finalWritesTimeoutMs + closingMs,
    processStopTimeoutMs,
  ],
  [
    'a search of the herd ends before the upstream is given up',
    defaultLimits.lookupTimeoutMs,
    defaultUpstreamSettings.deadlineMs,
  ],
  [
    'a neighbour is dialed often enough to be back before it is taken for dead',
    maxLinkBackoffMs,
    3 * defaultLinkTimings.heartbeatMs,
  ],
  ['a handshake ends before the silence of a neighbour does', handshakeTimeoutMs, 3 * defaultLinkTimings.heartbeatMs],
  [
    'one connection cannot fill the bytes of all',
    defaultLimits.maxOutputBufferBytes,
    defaultLimits.maxTotalOutputBufferBytes,
  ],
  ['one address cannot take all connections', defaultLimits.maxConnectionsPerAddress, defaultLimits.maxConnections],
  [
    'one address cannot take all searches',
    defaultLimits.maxLookupsPerSecondPerAddress,
    defaultLimits.maxLookupsPerSecond,
  ],
  ['a client ID fits into a line', defaultLimits.maxClientIdBytes, defaultLimits.maxLineBytes],
];

/** How long service managers wait for a herd to stop, in the files that come with it. */
const managers: readonly (readonly [path: string, pattern: RegExp])[] = [
  ['systemd/herd@.service', /^TimeoutStopSec=(\d+)$/m],
  ['docker/compose.yaml', /^ +stop_grace_period: (\d+)s$/m],
  ['docker/compose.nats.yaml', /^ +stop_grace_period: (\d+)s$/m],
  ['kubernetes/stateful-set.yaml', /^ +terminationGracePeriodSeconds: (\d+)$/m],
];

describe('bounds that depend on each other', () => {
  for (const [relation, less, more] of relations) {
    it(`fit: ${relation}`, () => expect(less).to.be.lessThan(more));
  }

  for (const [path, pattern] of managers) {
    it(`fit: ${path} waits until a parent has killed what did not stop`, () => {
      expect(secondsIn(path, pattern) * 1_000).to.be.greaterThan(processStopTimeoutMs + closingMs);
    });
  }
});
