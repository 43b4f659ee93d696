import { expect } from 'chai';
import type { ServerId } from '../../src/protocol/ids.js';
import { spokenVersions, type PeerVersions } from '../../src/protocol/peer-version.js';
import { VirtualWorld } from '../../src/simulation/virtual/virtual-world.js';
import { fakeUpstream } from '../support/fake-upstream.js';
import { serverId } from '../support/fake-location.js';
import { scenarioOf, simulate } from './simulate.js';

const versionOne: PeerVersions = { lowest: 1, highest: 1 };

/** Servers are replaced one by one under load; some lose their memory, and a link is cut while they are of both kinds. */
const story = `
network: { delay: 5ms..40ms, loss: 1% }
clients: { count: 40, rate: 40/s, clockSkew: 5s, late: 10% }
steps:
  - { at: 4s, expect: converged }
  - { at: 5s, crash: Blake }
  - { at: 6s, restart: Blake }
  - { at: 9s, crash: Bryant, keep: disk }
  - { at: 10s, restart: Bryant }
  - { at: 12s, cut: [Blake, Bryant] }
  - { at: 14s, heal: [Blake, Bryant] }
  - { at: 16s, crash: Gasol }
  - { at: 17s, restart: Gasol }
  - { at: 20s, crash: Howard }
  - { at: 21s, restart: Howard }
  - { at: 24s, expect: converged }
  - { at: 25s, crash: Metta, keep: disk }
  - { at: 26s, restart: Metta }
  - { at: 35s, expect: converged }
`;

/** Plays the story; a server speaks each time that it starts what it is told to. Returns what the calls said of versions. */
async function play(seed: number, versionsOf: (server: ServerId, start: number) => PeerVersions): Promise<Set<string>> {
  const starts = new Map<ServerId, number>();
  const next = (server: ServerId) => {
    const start = (starts.get(server) ?? 0) + 1;
    starts.set(server, start);
    return versionsOf(server, start);
  };
  const called = new Set<string>();
  const scenario = scenarioOf(story, seed);
  const { violations } = await simulate(scenario, {
    world: (tell) =>
      new VirtualWorld(
        scenario,
        fakeUpstream,
        (event) => {
          const hello = event.kind === 'told' ? /^HELLO 1 \S+ (\S+) \S+ \S+?(\.2)?$/.exec(event.line) : null;
          if (hello !== null) called.add(`${hello[1] ?? ''} ${hello[2] === undefined ? 1 : 2}`);
          tell(event);
        },
        next,
      ),
  });
  expect(violations).to.deep.equal([]);
  return called;
}

describe('[PE27] a herd of servers of two versions, in simulated time', () => {
  it('keeps all that it promises while it is upgraded, one server after the other', async () => {
    const called = await play(1, (_, start) => (start === 1 ? versionOne : spokenVersions));
    expect([...called]).to.include.members(['Blake 1', 'Blake 2', 'Bryant 1', 'Bryant 2']);
  });

  it('keeps it while it is put back', async () => {
    const called = await play(2, (_, start) => (start === 1 ? spokenVersions : versionOne));
    expect([...called]).to.include.members(['Blake 1', 'Blake 2', 'Bryant 1', 'Bryant 2']);
  });

  it('keeps it where some servers stay behind for good', async () => {
    const behind = new Set(['Bryant', 'Howard'].map(serverId));
    const called = await play(3, (server) => (behind.has(server) ? versionOne : spokenVersions));
    expect([...called])
      .to.include.members(['Blake 2', 'Bryant 1'])
      .and.not.include('Bryant 2');
  });
});
