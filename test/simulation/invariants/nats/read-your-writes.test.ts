import { expect } from 'chai';
import type { Invariant } from '../../../../src/simulation/invariants/invariant.js';
import { LookupsFresh } from '../../../../src/simulation/invariants/nats/lookups-fresh.js';
import { ReadYourWritesOnNats } from '../../../../src/simulation/invariants/nats/read-your-writes.js';
import type { Scenario } from '../../../../src/simulation/scenario/scenario.js';
import type { ServerId } from '../../../../src/protocol/place/ids.js';
import { at, FakeRun, natsScenario } from './fake-run.js';

/** A holds nothing of kiwi; B holds it completely. */
function run(create: new (scenario: Scenario) => Invariant, steps = ''): FakeRun {
  const scenario = natsScenario(steps);
  const started = new FakeRun(scenario, new create(scenario));
  started.hold('B', 'complete');
  return started;
}

const old = at('B', 0);
const reported = at('A', 1);

describe('read-your-writes, of a herd on NATS', () => {
  const violation = (answer: string) => [`A acknowledged ${reported.line}, but then answered a WHATSAT with ${answer}`];

  it('holds if a server answers with what it acknowledged, or something newer', () => {
    const herd = run(ReadYourWritesOnNats);
    herd.report(reported);
    herd.query('A', reported);
    herd.query('A', at('B', 2));
    expect(herd.texts).to.deep.equal([]);
  });

  it('is violated by an older location, also if holders have confirmed the newer one', () => {
    const herd = run(ReadYourWritesOnNats);
    herd.report(reported);
    herd.query('A', old);
    expect(herd.texts).to.deep.equal(violation(old.line));
    herd.learn('B', reported);
    herd.query('A', old);
    expect(herd.texts).to.have.lengthOf(2);
  });

  it('is violated if a server does not know what no holder has confirmed, also without a broker', () => {
    const herd = run(ReadYourWritesOnNats, 'steps: [{ at: 1s, broker: down }]');
    herd.pass(2_000);
    herd.report(reported);
    herd.query('A', undefined);
    expect(herd.texts).to.deep.equal(violation('? WHATSAT kiwi 10 5'));
  });

  it('allows that a server cannot ask for what a holder has, until the herd has settled', () => {
    const herd = run(ReadYourWritesOnNats, 'network: { delay: 10ms }');
    herd.report(reported);
    herd.learn('B', reported);
    herd.query('A', undefined);
    expect(herd.texts).to.deep.equal([]);
    herd.pass(60_000);
    herd.query('A', undefined);
    expect(herd.texts).to.deep.equal(violation('? WHATSAT kiwi 10 5'));
  });

  it('promises nothing after the only holder has crashed, or the server itself', () => {
    const herd = run(ReadYourWritesOnNats);
    herd.report(reported);
    herd.learn('B', reported);
    herd.down('B');
    herd.query('A', old);
    const restarted = run(ReadYourWritesOnNats);
    restarted.report(reported);
    restarted.down('A');
    restarted.start('A');
    restarted.query('A', old);
    expect([...herd.texts, ...restarted.texts]).to.deep.equal([]);
  });

  it('applies to a command behind a report on the same connection, and to none before it on another', () => {
    const herd = run(ReadYourWritesOnNats);
    const command = `IAMAT ${reported.line.slice(reported.clientOffset)}`;
    const server = 'A' as ServerId;
    herd.ask('A', 'other');
    herd.emit({ kind: 'command-sent', client: 'kiwi', server, line: command });
    herd.ask('A', 'kiwi');
    herd.emit({ kind: 'learned', server, location: reported, from: undefined });
    herd.emit({ kind: 'response-received', client: 'kiwi', server, command, lines: [reported.line] });
    herd.answer('A', old, 'other');
    expect(herd.texts).to.deep.equal([]);
    herd.answer('A', old, 'kiwi');
    expect(herd.texts).to.deep.equal(violation(old.line));
  });
});

describe('lookups-fresh', () => {
  const violation = (answer: string) => [
    `${reported.line} was acknowledged 230 ms before C was queried, but it answered ${answer}`,
  ];

  it('is violated by what is older than a report that was acknowledged before holders must have it', () => {
    const herd = run(LookupsFresh, 'network: { delay: 10ms }');
    herd.pass(1_000);
    herd.report(reported);
    herd.learn('B', reported);
    herd.pass(200);
    herd.query('C', old);
    expect(herd.texts).to.deep.equal([]);
    herd.pass(100);
    herd.query('C', old);
    herd.query('C', reported);
    expect(herd.texts).to.deep.equal(violation(old.line));
  });

  it('is not checked where no server holds the partition completely', () => {
    const herd = run(LookupsFresh, 'network: { delay: 10ms }');
    herd.pass(1_000);
    herd.report(reported);
    herd.learn('B', reported);
    herd.hold('B', 'filling');
    herd.pass(1_000);
    herd.query('C', old);
    expect(herd.texts).to.deep.equal([]);
  });

  it('is not checked where the network was broken meanwhile, until the herd has settled', () => {
    const herd = run(
      LookupsFresh,
      'network: { delay: 10ms }\nsteps: [{ at: 2s, cut: [B, broker] }, { at: 3s, heal: all }]',
    );
    herd.pass(1_000);
    herd.report(reported);
    herd.learn('B', reported);
    herd.pass(3_000);
    herd.query('C', old);
    expect(herd.texts).to.deep.equal([]);
    herd.pass(60_000);
    herd.query('C', old);
    expect(herd.texts).to.deep.equal(violation(old.line));
  });

  it('counts an unknown client as older in a settled herd only, and never after the holder has crashed', () => {
    const herd = run(LookupsFresh, 'network: { delay: 10ms }');
    herd.pass(1_000);
    herd.report(reported);
    herd.learn('B', reported);
    herd.pass(1_000);
    herd.query('C', undefined);
    expect(herd.texts).to.deep.equal([]);
    herd.pass(60_000);
    herd.query('C', undefined);
    expect(herd.texts).to.deep.equal(violation('? WHATSAT kiwi 10 5'));
    herd.down('B');
    herd.pass(60_000);
    herd.query('C', undefined);
    expect(herd.texts).to.have.lengthOf(1);
  });
});
