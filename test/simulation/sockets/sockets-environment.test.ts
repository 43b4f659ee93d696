import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect } from 'chai';
import { Flood } from '../../../src/actors/replication/flood.js';
import { RealEnvironment } from '../../../src/simulation/real/real-environment.js';
import { runScenario, type RunOptions } from '../../../src/simulation/run/runner.js';
import type { RunResult } from '../../../src/simulation/run/result.js';
import { SocketLauncher } from '../../../src/simulation/sockets/socket-launcher.js';
import { twitterSearch } from '../../../src/upstreams/twitter.js';
import { defaultTimeoutMs } from '../../support/eventually.js';
import { restoreMethods, injectBug } from '../invariants/inject-bug.js';
import { createScenario } from '../../support/simulate.js';

const threeServers = `
herd: { servers: [Ada, Bob, Cleo], topology: { Ada: [Bob], Bob: [Cleo] }, peers: { heartbeatMs: 100 } }
network: { delay: 1ms..5ms }
clients: { count: 10, rate: 60/s, late: 10%, queries: 10% }
settle: 1s
`;

/** Plays a scenario over real sockets. */
function play(steps: string, options: Partial<RunOptions> = {}): Promise<RunResult> {
  const scenario = createScenario(`${threeServers}\nsteps:\n${steps}`);
  const launcher = new SocketLauncher({ createUpstream: twitterSearch, inspect: () => Promise.resolve(undefined) });
  const abortSignal = new AbortController().signal;
  return runScenario(scenario, {
    createEnvironment: (emit) => new RealEnvironment(scenario, { launcher, emit, abortSignal }),
    ...options,
  });
}

function simulationFolders(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith('herd-simulation-'));
}

describe('the sockets environment', function () {
  this.timeout(4 * defaultTimeoutMs);
  afterEach(restoreMethods);

  it('stops servers that leave in an orderly way, and starts those that join', async () => {
    const { violations, trace } = await play(
      `
  - { at: 500ms, join: Cleo }
  - { at: 1500ms, leave: Cleo }
  - { at: 2500ms, join: Cleo }
  - { at: 6s, expect: converged }`,
      { keepsTrace: true },
    );
    expect(violations).to.deep.equal([]);
    const changes = trace.flatMap(({ event }) =>
      event.kind === 'started' || event.kind === 'left' || event.kind === 'down'
        ? [`${event.kind} ${event.server}`]
        : [],
    );
    expect(changes.filter((change) => change.endsWith('Cleo'))).to.deep.equal([
      'started Cleo',
      'left Cleo',
      'down Cleo',
      'started Cleo',
      'down Cleo',
    ]);
    const seen = trace.flatMap(({ event }) => (event.kind === 'link' && event.server === 'Bob' ? [event.reason] : []));
    expect(seen).to.include('Cleo was stopped');
  });

  it('passes without an injected bug whatever fails, measures recoveries, and leaves no files', async () => {
    const before = simulationFolders();
    const { violations, metrics, unchecked } = await play(`
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
    expect(unchecked).to.have.length(2);
    expect(metrics.updates.acknowledged).to.be.above(100);
    expect(metrics.updates.stale).to.equal(0);
    expect(metrics.bytes.peers).to.be.above(10_000);
    expect(metrics.recoveries.map(({ recoveredAfterMs }) => typeof recoveredAfterMs)).to.deep.equal([
      'number',
      'number',
      'number',
    ]);
    expect(simulationFolders()).to.deep.equal(before);
  });

  it('takes metrics before it stops: a location behind a cut is stale, and nothing has recovered', async () => {
    const { violations, metrics } = await play(`
  - { at: 300ms, cut: [Bob, Cleo] }
  - { at: 500ms, report: { server: Cleo, client: kiwi, position: '+34.068930-118.445127' } }
  - { at: 600ms, heal: [Ada, Bob] }`);
    expect(violations).to.deep.equal([]);
    expect(metrics.updates.stale).to.be.above(0);
    expect(metrics.updates.lost).to.equal(0);
    expect(metrics.recoveries.map(({ recoveredAfterMs }) => recoveredAfterMs)).to.deep.equal([undefined]);
  });

  it('detects a bug injected into an actor: Flood drops everything after its tenth message', async () => {
    let messages = 0;
    injectBug(Flood, 'receive', (_, __, sound) => ((messages += 1) > 10 ? undefined : sound()));
    const { violations } = await play('  - { at: 2s, expect: converged }');
    expect(violations.map(({ invariant }) => invariant)).to.include('agreement');
  });
});
