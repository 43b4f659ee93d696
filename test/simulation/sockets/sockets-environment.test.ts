import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect } from 'chai';
import { Flood } from '../../../src/actors/replication/flood.js';
import { RealWorld } from '../../../src/simulation/real/real-environment.js';
import { runScenario } from '../../../src/simulation/run/runner.js';
import type { RunResult } from '../../../src/simulation/run/result.js';
import { SocketHosting } from '../../../src/simulation/sockets/socket-hosting.js';
import { twitterSearch } from '../../../src/upstreams/twitter.js';
import { patienceMs } from '../../support/eventually.js';
import { digUp, plant } from '../invariants/plant.js';
import { scenarioOf } from '../../support/simulate.js';

const threeServers = `
herd: { servers: [Ada, Bob, Cleo], talks: { Ada: [Bob], Bob: [Cleo] }, links: { beatMs: 100 } }
network: { delay: 1ms..5ms }
clients: { count: 10, rate: 60/s, late: 10%, asks: 10% }
settle: 1s
`;

/** Plays a scenario over real sockets. */
function play(steps: string): Promise<RunResult> {
  const scenario = scenarioOf(`${threeServers}\nsteps:\n${steps}`);
  const hosting = new SocketHosting({ upstreamAt: twitterSearch, inspect: () => Promise.resolve(undefined) });
  const interrupted = new AbortController().signal;
  return runScenario(scenario, { world: (tell) => new RealWorld(scenario, { hosting, tell, interrupted }) });
}

function foldersOfWorlds(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith('herd-world-'));
}

describe('the world of sockets', function () {
  this.timeout(4 * patienceMs);
  afterEach(digUp);

  it('holds where no bug is planted, whatever happens; measures it, and leaves nothing behind', async () => {
    const before = foldersOfWorlds();
    const { violations, measures, unseen } = await play(`
  - { at: 300ms, cut: [Ada, Bob] }
  - { at: 400ms, upstream: garbage }
  - { at: 600ms, crash: Cleo, keep: disk }
  - { at: 900ms, heal: all }
  - { at: 1s, restart: Cleo }
  - { at: 1200ms, crash: Bob }
  - { at: 1300ms, slow: { edge: [Bob, Cleo], delay: 20ms, bandwidth: 50KB/s } }
  - { at: 1500ms, restart: Bob }
  - { at: 6s, expect: converged }`);
    expect(violations).to.deep.equal([]);
    expect(unseen).to.have.length(2);
    expect(measures.updates.acknowledged).to.be.above(100);
    expect(measures.updates.stale).to.equal(0);
    expect(measures.bytes.peers).to.be.above(10_000);
    expect(measures.recoveries.map(({ recoveredAfterMs }) => typeof recoveredAfterMs)).to.deep.equal([
      'number',
      'number',
      'number',
    ]);
    expect(foldersOfWorlds()).to.deep.equal(before);
  });

  it('measures the herd as it was before the world ended: a location behind a cut is stale, and nothing recovered', async () => {
    const { violations, measures } = await play(`
  - { at: 300ms, cut: [Bob, Cleo] }
  - { at: 500ms, report: { server: Cleo, client: kiwi, position: '+34.068930-118.445127' } }
  - { at: 600ms, heal: [Ada, Bob] }`);
    expect(violations).to.deep.equal([]);
    expect(measures.updates.stale).to.be.above(0);
    expect(measures.updates.lost).to.equal(0);
    expect(measures.recoveries.map(({ recoveredAfterMs }) => recoveredAfterMs)).to.deep.equal([undefined]);
  });

  it('sees a bug that is planted in an actor: flood passes nothing on after its tenth message', async () => {
    let messages = 0;
    plant(Flood, 'receive', (_, __, sound) => ((messages += 1) > 10 ? undefined : sound()));
    const { violations } = await play('  - { at: 2s, expect: converged }');
    expect(violations.map(({ invariant }) => invariant)).to.include('agreement');
  });
});
