import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { linkPauseMaxMs } from '../src/actors/time/backoff.js';
import { defaultLimits, defaultPace } from '../src/actors/ports/limits.js';
import { shakeHandsWithinMs } from '../src/actors/peer/peer-acceptor.js';
import { drainMaxMs } from '../src/actors/server/server-machine.js';
import { defaultUpstreamPace } from '../src/actors/upstream/upstream-settings.js';
import { lastWritesWithinMs } from '../src/runtime/host/last-writes.js';
import { processEndMaxMs } from '../src/runtime/processes/process-machine.js';

/** What closing a log, a store and sockets may take beside what has a bound of its own, in milliseconds. */
const closingMs = 1_000;

/** The seconds that a file of deploy/ gives a process to stop in. */
function secondsIn(path: string, pattern: RegExp): number {
  const text = readFileSync(new URL(`../../deploy/${path}`, import.meta.url), 'utf8');
  return Number(pattern.exec(text)?.[1] ?? expect.fail(`${path} says nothing like ${String(pattern)}`));
}

/** Bounds that depend on each other: the first must be less than the second. */
const relations: readonly (readonly [string, less: number, more: number])[] = [
  ['an upstream answers before a draining server gives up', defaultUpstreamPace.deadlineMs, drainMaxMs],
  [
    'a server drains and writes its last before its parent kills it',
    drainMaxMs + lastWritesWithinMs + closingMs,
    processEndMaxMs,
  ],
  ['a search of the herd ends before the upstream is given up', defaultLimits.seekMs, defaultUpstreamPace.deadlineMs],
  ['a neighbour is dialed often enough to be back before it is taken for dead', linkPauseMaxMs, 3 * defaultPace.beatMs],
  ['a handshake ends before the silence of a neighbour does', shakeHandsWithinMs, 3 * defaultPace.beatMs],
  ['one connection cannot fill the bytes of all', defaultLimits.backlogBytesMax, defaultLimits.backlogBytesInAllMax],
  ['one address cannot take all connections', defaultLimits.connectionsPerAddressMax, defaultLimits.connectionsMax],
  ['one address cannot take all searches', defaultLimits.seeksPerSecondPerAddressMax, defaultLimits.seeksPerSecondMax],
  ['a client ID fits into a line', defaultLimits.clientIdBytesMax, defaultLimits.lineBytesMax],
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
      expect(secondsIn(path, pattern) * 1_000).to.be.greaterThan(processEndMaxMs + closingMs);
    });
  }
});
