import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { Action } from '../../../src/simulation/scenario/scenario.js';
import { closestMatch } from '../../../src/runtime/config/did-you-mean.js';
import { parseDuration } from '../../../src/simulation/scenario/units.js';
import { UnsupportedScenarioError } from '../../../src/simulation/run/unsupported-scenario.js';
import { runScenario } from '../../../src/simulation/run/runner.js';
import { VirtualEnvironment } from '../../../src/simulation/virtual/virtual-environment.js';
import { fakeUpstream } from '../../support/fake-upstream.js';
import { scenarioProblems, createScenario } from '../../support/simulate.js';

const head = 'name: a story\nherd: { servers: [Blake, Howard, Metta], topology: { Blake: [Howard] } }\n';
const step = (text: string) => scenarioProblems(`${head}steps:\n  - ${text}`);

describe('a scenario', () => {
  it('is read with its units, its steps in the order of their times', () => {
    const { network, clients, steps, settleMs } = createScenario(`
network: { delay: 5ms..40ms, loss: 1%, duplicate: 0%, bandwidth: 64KB/s }
clients: { count: 50, rate: 90/m, clockSkew: 5s, late: 10% }
settle: 2m
steps:
  - { at: 2s, heal: all }
  - { at: 1s, cut: [Blake, Howard], oneway: true }
  - { at: 1s, crash: [Bryant, Metta], keep: disk }
`);
    expect(network).to.deep.equal({
      delay: { minMs: 5, maxMs: 40 },
      loss: 0.01,
      duplicate: 0,
      bytesPerSecond: 64_000,
      bufferBytes: 131_072,
    });
    expect(clients).to.deep.equal({
      count: 50,
      commandsPerSecond: 1.5,
      clockSkewMs: 5_000,
      lateProbability: 0.1,
      queryProbability: 0,
      moveProbability: 0.01,
      checkProbability: 0,
    });
    expect(settleMs).to.equal(120_000);
    expect(steps.map(({ atMs, action }) => ({ atMs, ...action }))).to.deep.equal([
      { atMs: 1_000, kind: 'cut', edges: [{ from: 'Blake', to: 'Howard' }] },
      { atMs: 1_000, kind: 'crash', servers: ['Bryant', 'Metta'], memory: 'on disk' },
      { atMs: 2_000, kind: 'heal', what: 'all' },
    ]);
  });

  it('names the scenario, its line and the herd file that cannot be read', () => {
    expect(scenarioProblems('name: n\n\nherd: no-such-herd.yaml')).to.deep.equal([
      `test.yaml:3: herd: cannot read ${resolve('no-such-herd.yaml')}: there is no such file`,
    ]);
    expect(scenarioProblems('name: n\nherd: /').join()).to.equal('test.yaml:2: herd: cannot read /: EISDIR');
  });

  it('reports an unknown word with its line and a suggestion', () => {
    expect(step('{ at: 1s, crsh: Blake }')).to.deep.equal(['test.yaml:4: unknown step "crsh"; did you mean crash?']);
    expect(step('{ at: 1s, cut: [Blake, Howrad] }')).to.deep.equal([
      'test.yaml:4: unknown server Howrad; did you mean Howard?',
    ]);
    expect(scenarioProblems(`${head}network: { dealy: 5ms }`)).to.deep.equal([
      'test.yaml:3: network.dealy: unknown key; did you mean delay?',
    ]);
    expect(step('{ at: 1s, expect: { sever: Blake, client: kiwi, position: none } }')).to.include(
      'test.yaml:4: steps.0.expect.sever: unknown key; did you mean server?',
    );
    expect(step('{ at: 1s, expect: convergd }').join()).to.match(/^test\.yaml:4: .*did you mean converged\?$/);
  });

  it('rejects a bridged herd', () => {
    const herd = fileURLToPath(new URL('../../../../examples/bridge-coast.yaml', import.meta.url));
    const story = ['name: story', `herd: ${herd}`, 'steps: [{ at: 1s, crash: Abalone }]', ''].join('\n');
    const problem = `test.yaml:2: ${herd}: bridged herds cannot be simulated`;
    expect(scenarioProblems(story)).to.deep.equal([problem]);
  });

  it('describes the expected value', () => {
    expect(step('{ at: 5, crash: Blake }').join()).to.match(
      /^test\.yaml:4: steps\.0\.at: must be a duration with its unit/,
    );
    expect(step('{ crash: Blake }').join()).to.contain('a step needs a time');
    expect(step('{ at: 1s }').join()).to.contain('a step needs an action: one of crash, restart');
    expect(step('{ at: 1s, crash: Blake, restart: Metta }').join()).to.contain(
      'a step has one action; this one has crash and restart',
    );
    expect(step('{ at: 1s, restart: Blake, keep: disk }').join()).to.contain('keep cannot be combined with restart');
    expect(step('{ at: 1s, cut: [Blake, Metta] }').join()).to.contain('Blake has no link to Metta');
    expect(scenarioProblems(`${head}network: { loss: 100% }`).join()).to.contain('from 0% to 95%');
    expect(scenarioProblems(`${head}network: { delay: 40ms..5ms }`).join()).to.contain('5ms..40ms');
    expect(scenarioProblems(`${head}clients: { rate: 20 }`).join()).to.contain('20/s or 90/m');
    expect(scenarioProblems('herd: ../../herd.yaml').join()).to.contain('a scenario needs a name');
  });

  const said: readonly (readonly [what: string, text: string, problems: readonly string[]])[] = [
    ['an empty file', '', ['1: a scenario must be an object with a name, a herd and steps']],
    ['a list', '[crash]', ['1: a scenario must be an object with a name, a herd and steps']],
    ['two documents', `${head}---\n${head}`, ['3: a second document begins here (---); only one per file is allowed']],
    ['no steps', `${head}steps:\n`, ['3: steps: must be a list of steps, such as [{ at: 5s, crash: Blake }]']],
    ['a word as a step', `${head}steps: [crash]`, ['3: steps.0: must be a step, such as { at: 5s, crash: Blake }']],
    ['no network', `${head}network: null`, ['3: network: must be an object, such as { key: value }']],
    [
      'too many clients',
      `${head}clients: { count: 200000 }`,
      ['3: clients.count: must be an integer from 0 to 100000'],
    ],
    ['a seed below zero', `${head}seed: -1`, ['3: seed: must be an integer from 0 to 999999999999999']],
    ['a seed too large', `${head}seed: 1e20`, ['3: seed: must be an integer from 0 to 999999999999999']],
    [
      'servers with addresses',
      'name: n\nherd: { servers: { A: { port: 1 } } }',
      ['2: herd.servers: must be a list of names, such as [Blake, Howard]'],
    ],
    ['a server twice', 'name: n\nherd: { servers: [A, B, A] }', ['2: A occurs twice']],
    [
      'a slip for a way to spread',
      'name: n\nherd: { servers: [A], replication: { kind: nast } }',
      ['2: herd.replication.kind: invalid value "nast"; did you mean nats?'],
    ],
    [
      'clients without a rate',
      `${head}clients: { count: 5 }`,
      ['3: clients need a count and a rate, such as { count: 50, rate: 20/s }'],
    ],
    [
      'a rate without clients',
      `${head}clients: { rate: 5/s }`,
      ['3: clients need a count and a rate, such as { count: 50, rate: 20/s }'],
    ],
  ];
  for (const [what, text, problems] of said) {
    it(`reports ${what}`, () => {
      expect(scenarioProblems(text)).to.deep.equal(problems.map((problem) => `test.yaml:${problem}`));
    });
  }

  const saidOfSteps: readonly (readonly [text: string, problem: string])[] = [
    ['upstream: dwon', 'steps.0.upstream: invalid value "dwon"; did you mean down?'],
    ['upstream: xylophone', 'steps.0.upstream: must be one of up, down, slow, garbage'],
    ['broker: dwon', 'steps.0.broker: invalid value "dwon"; did you mean down?'],
    ['broker: wiped', 'steps.0.broker: must be up, down, { down: NODE } or { up: NODE }'],
    ['join: Blaek', 'unknown server Blaek; did you mean Blake?'],
    ['heal: al', 'steps.0.heal: invalid value "al"; did you mean all?'],
    [
      'heal: [Blake]',
      'steps.0.heal: must be all, partition, two neighbours, such as [Blake, Howard], or a server and a broker node',
    ],
    ['crash: Blake, keep: dsk', 'steps.0.keep: invalid value "dsk"; did you mean disk?'],
    ['crash: Blake, keep: 5', 'steps.0.keep: must be disk'],
    ['crash: []', 'steps.0.crash: must be a server, a list of servers, or all'],
    ['expect: { linked: 5 }', 'steps.0.expect.linked: must be a server name'],
    ['expect: { linked: Blaek }', 'unknown server Blaek; did you mean Blake?'],
    ['expect: convergd', 'steps.0.expect: invalid value "convergd"; did you mean converged?'],
    ['expect: 5', 'steps.0.expect: must be converged, { linked: SERVER }, or a server, a client and its position'],
    [
      'expect: { server: Blake, client: kiwi, position: none, converged: true }',
      'steps.0.expect.converged: unknown key; expected one of server, client, position',
    ],
    ['partition: [Blake, Metta]', 'steps.0.partition.0: must be groups of servers, such as [[Blake, Howard], [Metta]]'],
    ['partition: [[Blake]]', 'steps.0.partition: must be groups of servers, such as [[Blake, Howard], [Metta]]'],
    [
      'partition: [[Blake], [Blake, Howard]]',
      'Blake occurs twice in this partition; a server belongs to at most one group',
    ],
    [
      'partition: [[Blake, Blake], [Howard]]',
      'Blake occurs twice in this partition; a server belongs to at most one group',
    ],
    ['slow: { edge: [Blake, Howard] }', 'slow needs a delay, a bandwidth or a loss'],
    ['clock: { server: Blake }', 'clock needs a jump or a drift'],
    ['query: { server: Blake, client: kiwi, count: 30 }', 'steps.0.query.count: must be an integer from 0 to 20'],
    [
      'report: { server: Blake, client: kiwi }',
      'steps.0.report.position: must be a quoted position, such as "+34.068930-118.445127"',
    ],
  ];
  for (const [text, problem] of saidOfSteps) {
    it(`reports ${text}`, () => {
      const [first] = step(`{ at: 1s, ${text} }`);
      expect(first).to.equal(`test.yaml:4: ${problem}`);
    });
  }

  it('reads times to the fraction, and finds no word where none is near', () => {
    expect(parseDuration('1.5s')).to.equal(1_500);
    expect(parseDuration('-2h')).to.equal(-7_200_000);
    expect(parseDuration('5')).to.equal(undefined);
    expect(closestMatch('xylophone', ['crash', 'cut'])).to.equal(undefined);
    expect(closestMatch('', ['crash', 'cut'])).to.equal(undefined);
    expect(closestMatch('retsart', ['crash', 'restart'])).to.equal('restart');
  });

  it('does not start in an environment that does not support one of its steps', async () => {
    const scenario = createScenario(
      'steps: [{ at: 1s, crash: Blake }, { at: 2s, clock: { server: Blake, jump: 1h } }]',
    );
    let started = 0;
    const world = new (class extends VirtualEnvironment {
      override unsupportedReason({ kind }: Action): string | undefined {
        return kind === 'clock' ? 'its machine has one clock' : undefined;
      }
      override start(): Promise<void> {
        started += 1;
        return super.start();
      }
    })(scenario, fakeUpstream, () => undefined);
    const refused = await runScenario(scenario, { createEnvironment: () => world }).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(UnsupportedScenarioError);
    expect((refused as UnsupportedScenarioError).problems.join()).to.match(
      /^test\.yaml:\d+: not supported with --environment virtual: clock: /,
    );
    expect(started).to.equal(0);
  });
});
