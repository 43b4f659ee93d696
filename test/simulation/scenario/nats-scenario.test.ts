import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { RealEnvironment } from '../../../src/simulation/real/real-environment.js';
import { runScenario } from '../../../src/simulation/run/runner.js';
import { UnsupportedScenarioError } from '../../../src/simulation/run/unsupported-scenario.js';
import { formatScenario } from '../../../src/simulation/scenario/scenario-writer.js';
import { SocketLauncher } from '../../../src/simulation/sockets/socket-launcher.js';
import { twitterSearch } from '../../../src/upstreams/twitter.js';
import { createScenario, scenarioProblems } from '../../support/simulate.js';
import { TemporaryFolder } from '../../support/temporary-folder.js';

const one = 'herd: { servers: [Blake, Howard], replication: { kind: nats } }';
const cluster = 'herd: { servers: [Blake, Howard], replication: { kind: nats, replicas: 2, brokers: 3 } }';

function problemsOf(herd: string, step: string): readonly string[] {
  return scenarioProblems(`name: a story\n${herd}\nsteps:\n  - { at: 1s, ${step} }`);
}

function edgesOf(herd: string, step: string): string[] {
  const [first] = createScenario(`${herd}\nsteps: [{ at: 1s, ${step} }]`).steps;
  if (first?.action.kind !== 'cut' && first?.action.kind !== 'stall') throw new Error('not a fault of links');
  return first.action.edges.map(({ from, to }) => `${from}>${to}`);
}

describe('a scenario of a herd on NATS', () => {
  it('reads replicas and brokers, or their defaults', () => {
    expect(createScenario(one).herd.replication).to.deep.equal({ kind: 'nats', replicas: Infinity, brokers: 1 });
    expect(createScenario(cluster).herd.replication).to.deep.equal({ kind: 'nats', replicas: 2, brokers: 3 });
    expect(createScenario('').herd.replication).to.deep.equal({ kind: 'flood' });
    const withReplication = (text: string) =>
      scenarioProblems(`name: a story\nherd: { servers: [A, B], replication: { kind: nats, ${text} } }`);
    expect(withReplication('replicas: all')).to.deep.equal([]);
    expect(withReplication('replicas: some').join()).to.contain('must be an integer from 1 to 64, or all');
    expect(withReplication('replicas: 65').join()).to.contain('must be at most 64');
    expect(withReplication('brokers: 2').join()).to.contain('must be 1 or 3');
  });

  it('reads replicas of a herd.yaml', () => {
    const folder = new TemporaryFolder();
    try {
      const file = join(folder.path, 'herd.yaml');
      const nats = 'replication: { kind: nats, servers: [127.0.0.1:4222], replicas: 3 }';
      writeFileSync(file, `herd: some\nservers: { Blake: { port: 1 }, Howard: { port: 2 } }\n${nats}\n`);
      const { herd } = createScenario(`herd: ${file}`);
      expect(herd.replication).to.deep.equal({ kind: 'nats', replicas: 3, brokers: 1 });
    } finally {
      folder.remove();
    }
  });

  it('has links between servers and broker nodes, and between those', () => {
    expect(edgesOf(one, 'cut: [Blake, broker], oneway: true')).to.deep.equal(['Blake>broker']);
    expect(edgesOf(one, 'stall: broker')).to.deep.equal([
      'broker>Blake',
      'Blake>broker',
      'broker>Howard',
      'Howard>broker',
    ]);
    expect(edgesOf(cluster, 'cut: Blake, oneway: true')).to.deep.equal([1, 2, 3].map((node) => `Blake>broker-${node}`));
    expect(edgesOf(cluster, 'cut: broker-2, oneway: true')).to.deep.equal(
      ['Blake', 'Howard', 'broker-1', 'broker-3'].map((end) => `broker-2>${end}`),
    );
    expect(problemsOf(one, 'cut: [Blake, Howard]')).to.deep.equal([
      'test.yaml:4: Blake has no link to Howard; its neighbours are broker',
    ]);
    expect(problemsOf(cluster, 'cut: [Blake, broker]').join()).to.contain('the nodes of the broker are broker-1,');
    expect(problemsOf(cluster, 'partition: [[Blake, broker-1], [Howard, broker-2, broker-3]]')).to.deep.equal([]);
    expect(problemsOf(cluster, 'partition: [[Blake], [Howard]]')).to.deep.equal([
      'test.yaml:4: servers on NATS have no links between them; add the broker to a group',
    ]);
  });

  it('changes the broker, or one of its nodes', () => {
    const changeOf = (herd: string, step: string) =>
      createScenario(`${herd}\nsteps: [{ at: 1s, broker: ${step} }]`).steps[0]?.action;
    expect(changeOf(one, 'down')).to.deep.equal({ kind: 'broker', nodes: ['broker'], state: 'down' });
    expect(changeOf(cluster, 'up')).to.deep.equal({
      kind: 'broker',
      nodes: ['broker-1', 'broker-2', 'broker-3'],
      state: 'up',
    });
    expect(changeOf(cluster, '{ down: broker-2 }')).to.deep.equal({
      kind: 'broker',
      nodes: ['broker-2'],
      state: 'down',
    });
    expect(problemsOf(cluster, 'broker: { down: broker-4 }').join()).to.contain('unknown broker node broker-4');
    expect(problemsOf(one, 'crash: broker')).to.deep.equal([
      'test.yaml:4: unknown server broker; use a broker step, such as `broker: down`',
    ]);
    const flooding = 'herd: { servers: [Blake, Howard], topology: { Blake: [Howard] } }';
    expect(problemsOf(flooding, 'broker: down')).to.deep.equal([
      'test.yaml:4: this herd has no broker; it needs `replication: { kind: nats }`',
    ]);
    expect(problemsOf(flooding, 'cut: [Blake, broker]').join()).to.contain('unknown server broker');
  });

  it('rejects links between servers, and servers named as nodes', () => {
    const withHerd = (text: string) => scenarioProblems(`name: a story\nherd: ${text}\n`);
    expect(withHerd('{ servers: [A, B], topology: { A: [B] }, replication: { kind: nats } }')).to.deep.equal([
      'test.yaml:2: a herd on NATS has no links between servers; remove topology',
    ]);
    for (const name of ['broker', 'broker-1']) {
      expect(withHerd(`{ servers: [A, ${name}], replication: { kind: nats } }`).join()).to.match(
        new RegExp(`^test\\.yaml:2: a server of a herd on NATS cannot be named ${name},`),
      );
    }
  });

  it('is the same when it is written and read again', () => {
    for (const herd of [one, cluster]) {
      const node = herd === one ? 'broker' : 'broker-3';
      const scenario = createScenario(`${herd}
steps:
  - { at: 1s, join: Howard }
  - { at: 2s, broker: down }
  - { at: 3s, broker: up }
  - { at: 4s, cut: [Blake, ${node}] }
  - { at: 5s, leave: [Blake, Howard] }
${herd === one ? '' : '  - { at: 6s, broker: { down: broker-3 } }'}`);
      const again = createScenario(
        formatScenario(scenario)
          .replace(/^name: .*\n/, '')
          .replace(/^seed: .*\n/, ''),
      );
      expect(again.herd).to.deep.equal(scenario.herd);
      expect(again.steps.map(({ action }) => action)).to.deep.equal(scenario.steps.map(({ action }) => action));
    }
  });

  it('does not start in a real environment', async () => {
    const scenario = createScenario(one);
    const launcher = new SocketLauncher({ createUpstream: twitterSearch, inspect: () => Promise.resolve(undefined) });
    const abortSignal = new AbortController().signal;
    const world = new RealEnvironment(scenario, { launcher, emit: () => undefined, abortSignal });
    const refused = await runScenario(scenario, { createEnvironment: () => world }).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(UnsupportedScenarioError);
    expect((refused as UnsupportedScenarioError).problems).to.deep.equal([
      'test.yaml:4: not supported with --environment sockets: replication through NATS needs --environment virtual',
    ]);
  });
});
