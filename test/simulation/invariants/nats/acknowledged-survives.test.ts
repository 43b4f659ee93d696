import { expect } from 'chai';
import { AcknowledgedSurvivesOnNats } from '../../../../src/simulation/invariants/nats/acknowledged-survives.js';
import type { ServerId } from '../../../../src/protocol/place/ids.js';
import { at, FakeRun, kiwiPartition, natsScenario } from './fake-run.js';

const lost = [
  `A acknowledged ${at('A', 1).line}, and no server stores it, nor a newer one (partition ${kiwiPartition})`,
];

/** A holds nothing of kiwi; B holds it completely. */
function run(steps = ''): FakeRun {
  const scenario = natsScenario(steps);
  const started = new FakeRun(scenario, new AcknowledgedSurvivesOnNats(scenario));
  started.hold('B', 'complete');
  return started;
}

describe('acknowledged-survives, of a herd on NATS', () => {
  it('holds if a server stores the report, or a newer one', async () => {
    const herd = run();
    herd.report(at('A', 1));
    herd.stored.set('C', at('A', 1));
    expect(await herd.converge()).to.deep.equal([]);
    herd.stored.set('C', at('C', 2));
    expect(await herd.converge()).to.deep.equal([]);
  });

  it('is violated if the server that accepted the report lives, and no holder ever learned it', async () => {
    const herd = run();
    herd.report(at('A', 1));
    herd.stored.set('C', at('C', 0));
    expect(await herd.converge()).to.deep.equal(lost);
  });

  it('is violated if a holder lives that has learned it, after the server that accepted it crashed', async () => {
    const herd = run();
    herd.report(at('A', 1));
    herd.learn('B', at('A', 1));
    herd.down('A');
    expect(await herd.converge()).to.deep.equal(lost);
  });

  it('promises nothing if the only server that had it crashed, whether it is the one that accepted it or a holder', async () => {
    const before = run();
    before.report(at('A', 1));
    before.down('A');
    expect(await before.converge()).to.deep.equal([]);
    const after = run();
    after.report(at('A', 1));
    after.learn('B', at('A', 1));
    after.down('B');
    expect(await after.converge()).to.deep.equal([]);
  });

  it('expects that a holder receives what the broker took before the server crashed', async () => {
    const herd = run();
    herd.pass(1_000);
    herd.report(at('A', 1));
    herd.pass(1_000);
    herd.down('A');
    expect(await herd.converge()).to.deep.equal(lost);
    herd.down('B');
    expect(await herd.converge()).to.deep.equal([]);
  });

  it('does not expect that where the network was broken meanwhile', async () => {
    const herd = run('steps: [{ at: 1500ms, cut: [C, broker] }]');
    herd.pass(1_000);
    herd.report(at('A', 1));
    herd.pass(1_000);
    herd.down('A');
    expect(await herd.converge()).to.deep.equal([]);
  });

  it('is violated if the last holder drops what nobody else has, unless a fault may have ended another one', async () => {
    const evicted = { kind: 'evicted', server: 'B' as ServerId, location: at('A', 1), reason: 'moved' } as const;
    const herd = run();
    herd.pass(60_000);
    herd.report(at('A', 1));
    herd.learn('B', at('A', 1));
    herd.emit(evicted);
    expect(await herd.converge()).to.deep.equal(lost);
    const disturbed = run();
    disturbed.pass(60_000);
    disturbed.report(at('A', 1));
    disturbed.learn('B', at('A', 1));
    disturbed.down('C');
    disturbed.emit(evicted);
    expect(await disturbed.converge()).to.deep.equal([]);
  });

  it('promises nothing where full servers evict', async () => {
    const scenario = natsScenario();
    const herd = { ...scenario.herd, limits: { ...scenario.herd.limits, maxClients: 5 } };
    const tight = { ...scenario, herd };
    const started = new FakeRun(tight, new AcknowledgedSurvivesOnNats(tight));
    started.report(at('A', 1));
    expect(await started.converge()).to.deep.equal([]);
  });
});
