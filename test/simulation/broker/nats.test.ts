import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { ServerId } from '../../../src/protocol/place/ids.js';
import { RealEnvironment } from '../../../src/simulation/real/real-environment.js';
import { UnsupportedScenarioError } from '../../../src/simulation/run/unsupported-scenario.js';
import { runScenario } from '../../../src/simulation/run/runner.js';
import type { TraceEvent } from '../../../src/simulation/run/trace.js';
import { SocketLauncher } from '../../../src/simulation/sockets/socket-launcher.js';
import { VirtualEnvironment } from '../../../src/simulation/virtual/virtual-environment.js';
import { twitterSearch } from '../../../src/upstreams/twitter.js';
import { scenarioProblems, createScenario, runSimulation } from '../../support/simulate.js';

const head = 'name: a story\nherd: { servers: [Blake, Howard, Metta], replication: { kind: nats } }\n';
const step = (text: string) => scenarioProblems(`${head}steps:\n  - ${text}`);

const herd = 'herd: { servers: [Blake, Howard], replication: { kind: nats }, peers: { heartbeatMs: 250 } }\nsettle: 3s';
const kiwi = (server: string, position: string) =>
  `{ ${server === '' ? '' : `server: ${server}, `}client: kiwi, position: '${position}' }`;
const here = '+34.068930-118.445127';

/** What became of the connections to the broker, `Blake live`, one after the other. */
async function connectionsIn(text: string): Promise<string[]> {
  const { violations, trace } = await runSimulation(createScenario(`${herd}\n${text}`), { keepsTrace: true });
  expect(violations).to.deep.equal([]);
  return trace.flatMap(({ event }) => wordsOf(event));
}

function wordsOf(event: TraceEvent): string[] {
  if (event.kind !== 'bucket' || event.state === 'connecting' || event.state === 'loading') return [];
  return [`${event.server} ${event.state}${event.reason === '' ? '' : `: ${event.reason}`}`];
}

describe('a scenario of a herd on NATS', () => {
  it('reads the herd from a file or inline', () => {
    const file = fileURLToPath(new URL('../../../../examples/nats.yaml', import.meta.url));
    const { herd: read } = createScenario(`herd: ${file}`);
    expect(read.replication).to.equal('nats');
    expect([...read.topology.keys()]).to.have.lengthOf(5);
    expect(createScenario(herd).herd.replication).to.equal('nats');
    expect(createScenario('').herd.replication).to.equal('flood');
  });

  it('injects faults into the broker and the links to it', () => {
    const { steps } = createScenario(`${herd}
steps:
  - { at: 1s, cut: [Blake, broker], oneway: true }
  - { at: 2s, stall: broker }
  - { at: 3s, cut: Howard }
  - { at: 4s, partition: [[Blake, broker], [Howard]] }
  - { at: 5s, broker: wiped }
`);
    const way = (from: string, to: string) => ({ from, to });
    expect(steps.map(({ action }) => action)).to.deep.equal([
      { kind: 'cut', edges: [way('Blake', 'broker')] },
      {
        kind: 'stall',
        edges: [way('broker', 'Blake'), way('Blake', 'broker'), way('broker', 'Howard'), way('Howard', 'broker')],
      },
      { kind: 'cut', edges: [way('Howard', 'broker'), way('broker', 'Howard')] },
      { kind: 'partition', groups: [['Blake', 'broker'], ['Howard']] },
      { kind: 'broker', change: 'wiped' },
    ]);
  });

  it('rejects steps that do not fit the replication of the herd', () => {
    expect(step('{ at: 1s, cut: [Blake, Howard] }')).to.deep.equal([
      'test.yaml:4: Blake has no link to Howard; its neighbours are broker',
    ]);
    expect(step('{ at: 1s, partition: [[Blake], [Howard]] }')).to.deep.equal([
      'test.yaml:4: servers on NATS have no links between them; add the broker to a group',
    ]);
    expect(step('{ at: 1s, crash: broker }')).to.deep.equal([
      'test.yaml:4: unknown server broker; use a broker step, such as `broker: down`',
    ]);
    expect(step('{ at: 1s, broker: wipd }').join()).to.match(/^test\.yaml:4: .*did you mean wiped\?$/);
    const flooding = 'name: a story\nherd: { servers: [Blake, Howard], topology: { Blake: [Howard] } }\nsteps:\n  - ';
    expect(scenarioProblems(`${flooding}{ at: 1s, broker: down }`)).to.deep.equal([
      'test.yaml:4: this herd has no broker; it needs `replication: { kind: nats }`',
    ]);
    expect(scenarioProblems(`${flooding}{ at: 1s, cut: [Blake, broker] }`).join()).to.contain('unknown server broker');
  });

  it('reports the herd', () => {
    const withHerd = (text: string) => scenarioProblems(`name: a story\nherd: ${text}\n`);
    expect(withHerd('{ servers: [A, B], topology: { A: [B] }, replication: { kind: nats } }')).to.deep.equal([
      'test.yaml:2: a herd on NATS has no links between servers; remove topology',
    ]);
    expect(withHerd('{ servers: [A, broker], replication: { kind: nats } }').join()).to.match(
      /^test\.yaml:2: a server of a herd on NATS cannot be named broker/,
    );
    expect(withHerd('{ servers: [A], replication: { kind: gossip } }').join()).to.contain('must be one of flood, nats');
  });

  it('does not start in a real environment', async () => {
    const scenario = createScenario(herd);
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

describe('a simulated broker', () => {
  it('is detected as down at once, is redialed until it is up, and then receives what was reported meanwhile', async () => {
    const states = await connectionsIn(`
steps:
  - { at: 1s, broker: down }
  - { at: 2s, report: ${kiwi('Blake', here)} }
  - { at: 4s, expect: ${kiwi('Blake', here)} }
  - { at: 4s, expect: { server: Howard, client: kiwi, position: none } }
  - { at: 5s, broker: up }
  - { at: 7s, expect: ${kiwi('Howard', here)} }`);
    expect(states).to.include.members([
      'Blake disconnected: the connection was reset',
      'Blake disconnected: connection refused',
    ]);
    expect(states.slice(-2).sort()).to.deep.equal(['Blake live', 'Howard live']);
  });

  it('is found to be silent by the server whose way to it is cut, and by that one alone', async () => {
    const states = await connectionsIn('steps: [{ at: 1s, cut: [Blake, broker] }, { at: 4s, heal: [Blake, broker] }]');
    expect(states).to.include('Blake disconnected: the broker went silent');
    expect(states.filter((state) => state.startsWith('Howard'))).to.deep.equal(['Howard live']);
  });

  it('accepts and answers nothing while it is stalled', async () => {
    const states = await connectionsIn('steps: [{ at: 1s, stall: broker }, { at: 9s, heal: all }]');
    expect(states)
      .to.include('Howard disconnected: the broker went silent')
      .and.to.include('Howard disconnected: no answer in time');
  });

  it('blocks writes while it is full, but serves reads', async () => {
    const states = await connectionsIn(`
steps:
  - { at: 1s, broker: full }
  - { at: 2s, report: ${kiwi('Blake', here)} }
  - { at: 4s, broker: up }
  - { at: 6s, expect: ${kiwi('Howard', here)} }`);
    expect(states).to.include('Blake write-blocked: the store of the broker is full');
    expect(states.filter((state) => state.startsWith('Howard'))).to.deep.equal(['Howard live']);
  });

  it('that is stale returns outdated entries and delays updates, and all servers agree afterwards', async () => {
    const seen = new Set<string>();
    // One client who goes from server to server: whoever is told of nothing new writes over what it does not know.
    const reports = Array.from({ length: 12 }, (_, index) => {
      const server = index % 2 === 0 ? 'Blake' : 'Howard';
      return `  - { at: ${1_100 + 300 * index}ms, report: ${kiwi(server, `+34.0${index}-118.4`)} }`;
    }).join('\n');
    const scenario = createScenario(
      `${herd}
network: { delay: 5ms }
steps:
  - { at: 1s, broker: stale }
${reports}
  - { at: 5s, broker: up }
  - { at: 7s, expect: converged }`,
      2,
    );
    const { violations } = await runSimulation(scenario, {
      createEnvironment: (tell) =>
        new VirtualEnvironment(scenario, twitterSearch('http://upstream.simulated'), (event) => {
          seen.add(event.kind);
          tell(event);
        }),
    });
    expect(violations).to.deep.equal([]);
    expect(seen).to.include('stale-read').and.to.include('not-stored');
  });

  it('that was wiped is refilled by servers that received the locations from others', async () => {
    const states = await connectionsIn(`
steps:
  - { at: 1s, report: ${kiwi('Blake', here)} }
  - { at: 2s, crash: Blake }
  - { at: 3s, broker: wiped }
  - { at: 5s, restart: Blake }
  - { at: 7s, expect: ${kiwi('Blake', here)} }`);
    expect(states).to.include('Howard disconnected: the bucket was deleted');
  });

  it('gives two runs of a seed the same trace, and others to other seeds', async function () {
    this.timeout(60_000);
    const stormy = `
network: { delay: 1ms..60ms, loss: 3%, bandwidth: 200KB/s }
clients: { count: 10, rate: 20/s, clockSkew: 5s, late: 10%, queries: 20% }
steps:
  - { at: 500ms, cut: [Blake, broker], oneway: true }
  - { at: 1s, crash: Howard, keep: disk }
  - { at: 1500ms, broker: stale }
  - { at: 2s, restart: Howard }
  - { at: 2s, pause: Blake }
  - { at: 2500ms, broker: wiped }
  - { at: 3s, resume: Blake }
  - { at: 3500ms, broker: down }
  - { at: 4s, broker: up }
  - { at: 4s, heal: all }
`;
    const hashes = new Set<string>();
    for (let seed = 0; seed < 10; seed += 1) {
      const [first, second] = [
        await runSimulation(createScenario(`${herd}\n${stormy}`, seed)),
        await runSimulation(createScenario(`${herd}\n${stormy}`, seed)),
      ];
      expect(second, `seed ${seed}`).to.deep.equal(first);
      hashes.add(first.traceHash);
    }
    expect(hashes.size, 'seeds lead to different runs').to.equal(10);
  });

  it('is seen by its name, as an end of ways', async () => {
    const { trace, metrics } = await runSimulation(
      createScenario(`${herd}\nsteps: [{ at: 1s, report: ${kiwi('Blake', here)} }]`),
      { keepsTrace: true },
    );
    const carried = trace.flatMap(({ event }) => (event.kind === 'delivered' ? [event] : []));
    const put = carried.find(
      ({ from, to, text }) => from === 'Blake' && to === 'broker' && text.startsWith('PUT 0 2 AT '),
    );
    const told = carried.find(({ from, to, text }) => from === 'broker' && to === 'Howard' && text.includes('kiwi'));
    expect([put?.from, told?.to]).to.deep.equal(['Blake' as ServerId, 'Howard']);
    // Into the bucket, and to both servers.
    expect(metrics.messages).to.include({ locations: 3, minimum: 2 });
  });
});
