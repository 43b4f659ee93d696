import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { ServerId } from '../../../src/protocol/place/ids.js';
import { RealWorld } from '../../../src/simulation/real/real-environment.js';
import { WorldRefusal } from '../../../src/simulation/run/unsupported-scenario.js';
import { runScenario } from '../../../src/simulation/run/runner.js';
import type { TraceEvent } from '../../../src/simulation/run/trace.js';
import { SocketHosting } from '../../../src/simulation/sockets/socket-hosting.js';
import { VirtualWorld } from '../../../src/simulation/virtual/virtual-environment.js';
import { twitterSearch } from '../../../src/upstreams/twitter.js';
import { problemsOf, scenarioOf, simulate } from '../../support/simulate.js';

const head = 'name: a story\nherd: { servers: [Blake, Howard, Metta], spread: { kind: nats } }\n';
const step = (text: string) => problemsOf(`${head}steps:\n  - ${text}`);

const herd = 'herd: { servers: [Blake, Howard], spread: { kind: nats }, links: { beatMs: 250 } }\nsettle: 3s';
const kiwi = (server: string, position: string) =>
  `{ ${server === '' ? '' : `server: ${server}, `}client: kiwi, position: '${position}' }`;
const here = '+34.068930-118.445127';

/** What became of the connections to the engine, `Blake live`, one after the other. */
async function connectionsIn(text: string): Promise<string[]> {
  const { violations, trace } = await simulate(scenarioOf(`${herd}\n${text}`), { keep: 'entries' });
  expect(violations).to.deep.equal([]);
  return trace.flatMap(({ event }) => wordsOf(event));
}

function wordsOf(event: TraceEvent): string[] {
  if (event.kind !== 'bucket' || event.state === 'connecting' || event.state === 'loading') return [];
  return [`${event.server} ${event.state}${event.reason === '' ? '' : `: ${event.reason}`}`];
}

describe('a scenario of a herd on NATS', () => {
  it('takes the herd of a file, or one that stands in it', () => {
    const file = fileURLToPath(new URL('../../../../examples/nats.yaml', import.meta.url));
    const { herd: read } = scenarioOf(`herd: ${file}`);
    expect(read.spread).to.equal('nats');
    expect([...read.topology.keys()]).to.have.lengthOf(5);
    expect(scenarioOf(herd).herd.spread).to.equal('nats');
    expect(scenarioOf('').herd.spread).to.equal('flood');
  });

  it('breaks ways to the engine, and the engine, in the words of links and upstream', () => {
    const { steps } = scenarioOf(`${herd}
steps:
  - { at: 1s, cut: [Blake, engine], oneway: true }
  - { at: 2s, stall: engine }
  - { at: 3s, cut: Howard }
  - { at: 4s, partition: [[Blake, engine], [Howard]] }
  - { at: 5s, engine: wiped }
`);
    const way = (from: string, to: string) => ({ from, to });
    expect(steps.map(({ action }) => action)).to.deep.equal([
      { kind: 'cut', edges: [way('Blake', 'engine')] },
      {
        kind: 'stall',
        edges: [way('engine', 'Blake'), way('Blake', 'engine'), way('engine', 'Howard'), way('Howard', 'engine')],
      },
      { kind: 'cut', edges: [way('Howard', 'engine'), way('engine', 'Howard')] },
      { kind: 'partition', groups: [['Blake', 'engine'], ['Howard']] },
      { kind: 'engine', change: 'wiped' },
    ]);
  });

  it('says why a step makes no sense in such a herd, or in one that floods', () => {
    expect(step('{ at: 1s, cut: [Blake, Howard] }')).to.deep.equal([
      'story.yaml:4: Blake does not talk with Howard; it talks with engine',
    ]);
    expect(step('{ at: 1s, partition: [[Blake], [Howard]] }')).to.deep.equal([
      'story.yaml:4: servers on NATS have no links to cut; put the engine into one of the groups',
    ]);
    expect(step('{ at: 1s, crash: engine }')).to.deep.equal([
      'story.yaml:4: engine is no server of this herd; steps of its own break it, as in `engine: down`',
    ]);
    expect(step('{ at: 1s, engine: wipd }').join()).to.match(/^story\.yaml:4: .*did you mean wiped\?$/);
    const flooding = 'name: a story\nherd: { servers: [Blake, Howard], talks: { Blake: [Howard] } }\nsteps:\n  - ';
    expect(problemsOf(`${flooding}{ at: 1s, engine: down }`)).to.deep.equal([
      'story.yaml:4: this herd floods: there is an engine where the herd has `spread: { kind: nats }`',
    ]);
    expect(problemsOf(`${flooding}{ at: 1s, cut: [Blake, engine] }`).join()).to.contain('engine is no server');
  });

  it('says what is wrong with the herd', () => {
    const withHerd = (text: string) => problemsOf(`name: a story\nherd: ${text}\n`);
    expect(withHerd('{ servers: [A, B], talks: { A: [B] }, spread: { kind: nats } }')).to.deep.equal([
      'story.yaml:2: servers on NATS have no links; leave talks out',
    ]);
    expect(withHerd('{ servers: [A, engine], spread: { kind: nats } }').join()).to.match(
      /^story\.yaml:2: no server of a herd on NATS can be called engine/,
    );
    expect(withHerd('{ servers: [A], spread: { kind: gossip } }').join()).to.contain('must be one of flood, nats');
  });

  it('is not begun in a real world', async () => {
    const scenario = scenarioOf(herd);
    const hosting = new SocketHosting({ upstreamAt: twitterSearch, inspect: () => Promise.resolve(undefined) });
    const interrupted = new AbortController().signal;
    const world = new RealWorld(scenario, { hosting, tell: () => undefined, interrupted });
    const refused = await runScenario(scenario, { world: () => world }).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(WorldRefusal);
    expect((refused as WorldRefusal).problems).to.deep.equal([
      'test.yaml:4: the world of sockets cannot have this herd: it spreads by NATS, and only the virtual world has an engine',
    ]);
  });
});

describe('a simulated engine', () => {
  it('is known to be down at once, is called until it is there, and takes then what was reported meanwhile', async () => {
    const states = await connectionsIn(`
steps:
  - { at: 1s, engine: down }
  - { at: 2s, report: ${kiwi('Blake', here)} }
  - { at: 4s, expect: ${kiwi('Blake', here)} }
  - { at: 4s, expect: { server: Howard, client: kiwi, position: none } }
  - { at: 5s, engine: up }
  - { at: 7s, expect: ${kiwi('Howard', here)} }`);
    expect(states).to.include.members(['Blake away: the connection was reset', 'Blake away: connection refused']);
    expect(states.slice(-2).sort()).to.deep.equal(['Blake live', 'Howard live']);
  });

  it('is found to be silent by the server whose way to it is cut, and by that one alone', async () => {
    const states = await connectionsIn('steps: [{ at: 1s, cut: [Blake, engine] }, { at: 4s, heal: [Blake, engine] }]');
    expect(states).to.include('Blake away: the engine went silent');
    expect(states.filter((state) => state.startsWith('Howard'))).to.deep.equal(['Howard live']);
  });

  it('accepts and answers nothing while it is stalled', async () => {
    const states = await connectionsIn('steps: [{ at: 1s, stall: engine }, { at: 9s, heal: all }]');
    expect(states).to.include('Howard away: the engine went silent').and.to.include('Howard away: no answer in time');
  });

  it('blocks who writes while it is full, and is read all the same', async () => {
    const states = await connectionsIn(`
steps:
  - { at: 1s, engine: full }
  - { at: 2s, report: ${kiwi('Blake', here)} }
  - { at: 4s, engine: up }
  - { at: 6s, expect: ${kiwi('Howard', here)} }`);
    expect(states).to.include('Blake blocked: the store of the engine is full');
    expect(states.filter((state) => state.startsWith('Howard'))).to.deep.equal(['Howard live']);
  });

  it('that is stale answers some with what stood before, tells some of nothing new, and all agree when it is not', async () => {
    const seen = new Set<string>();
    // One client who goes from server to server: whoever is told of nothing new writes over what it does not know.
    const reports = Array.from({ length: 12 }, (_, index) => {
      const server = index % 2 === 0 ? 'Blake' : 'Howard';
      return `  - { at: ${1_100 + 300 * index}ms, report: ${kiwi(server, `+34.0${index}-118.4`)} }`;
    }).join('\n');
    const scenario = scenarioOf(
      `${herd}
network: { delay: 5ms }
steps:
  - { at: 1s, engine: stale }
${reports}
  - { at: 5s, engine: up }
  - { at: 7s, expect: converged }`,
      2,
    );
    const { violations } = await simulate(scenario, {
      world: (tell) =>
        new VirtualWorld(scenario, twitterSearch('http://upstream.simulated'), (event) => {
          seen.add(event.kind);
          tell(event);
        }),
    });
    expect(violations).to.deep.equal([]);
    expect(seen).to.include('stale-read').and.to.include('not-stored');
  });

  it('that was wiped is filled again by who was told by others', async () => {
    const states = await connectionsIn(`
steps:
  - { at: 1s, report: ${kiwi('Blake', here)} }
  - { at: 2s, crash: Blake }
  - { at: 3s, engine: wiped }
  - { at: 5s, restart: Blake }
  - { at: 7s, expect: ${kiwi('Blake', here)} }`);
    expect(states).to.include('Howard away: the bucket was deleted');
  });

  it('gives two runs of a seed the same trace, and others to other seeds', async function () {
    this.timeout(60_000);
    const stormy = `
network: { delay: 1ms..60ms, loss: 3%, bandwidth: 200KB/s }
clients: { count: 10, rate: 20/s, clockSkew: 5s, late: 10%, asks: 20% }
steps:
  - { at: 500ms, cut: [Blake, engine], oneway: true }
  - { at: 1s, crash: Howard, keep: disk }
  - { at: 1500ms, engine: stale }
  - { at: 2s, restart: Howard }
  - { at: 2s, pause: Blake }
  - { at: 2500ms, engine: wiped }
  - { at: 3s, resume: Blake }
  - { at: 3500ms, engine: down }
  - { at: 4s, engine: up }
  - { at: 4s, heal: all }
`;
    const hashes = new Set<string>();
    for (let seed = 0; seed < 10; seed += 1) {
      const [first, second] = [
        await simulate(scenarioOf(`${herd}\n${stormy}`, seed)),
        await simulate(scenarioOf(`${herd}\n${stormy}`, seed)),
      ];
      expect(second, `seed ${seed}`).to.deep.equal(first);
      hashes.add(first.traceHash);
    }
    expect(hashes.size, 'seeds lead to different runs').to.equal(10);
  });

  it('is seen by its name, as an end of ways', async () => {
    const { trace, measures } = await simulate(
      scenarioOf(`${herd}\nsteps: [{ at: 1s, report: ${kiwi('Blake', here)} }]`),
      { keep: 'entries' },
    );
    const carried = trace.flatMap(({ event }) => (event.kind === 'carried' ? [event] : []));
    const put = carried.find(
      ({ from, to, text }) => from === 'Blake' && to === 'engine' && text.startsWith('PUT 0 2 AT '),
    );
    const told = carried.find(({ from, to, text }) => from === 'engine' && to === 'Howard' && text.includes('kiwi'));
    expect([put?.from, told?.to]).to.deep.equal(['Blake' as ServerId, 'Howard']);
    // Into the bucket, and to both servers.
    expect(measures.messages).to.include({ locations: 3, minimum: 2 });
  });
});
