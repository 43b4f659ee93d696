import { expect } from 'chai';
import { asServerId } from '../../../src/protocol/place/ids.js';
import type { MessageColumns, TimelineData } from '../../../src/simulation/report/timeline-data.js';
import { TimelineRecorder } from '../../../src/simulation/report/timeline-recorder.js';
import type { TraceEvent } from '../../../src/simulation/run/trace.js';
import type { Scenario } from '../../../src/simulation/scenario/scenario.js';
import { createScenario, runSimulation } from '../../support/simulate.js';

/** What the timeline of a scenario would draw. */
async function timelineOf(scenario: Scenario): Promise<TimelineData> {
  const recorder = new TimelineRecorder(scenario);
  const result = await runSimulation(scenario, { onEntry: (atMs, event) => recorder.observe(atMs, event) });
  return recorder.data(result);
}

const quiet = 'clients: { count: 0 }\nsettle: 1s\n';

/** The bands of a scenario, in short: what, in which lanes, from when to when. */
async function bandsOf(steps: string): Promise<unknown[]> {
  const { bands } = await timelineOf(createScenario(`${quiet}steps:\n${steps}`));
  return bands.map(({ kind, lanes, fromMs, toMs }) => [kind, lanes, fromMs, toMs]);
}

/** The servers of the shipped herd: Blake, Bryant, Gasol, Howard, Metta are lanes 0 to 4. */
describe('fault bands of a timeline', () => {
  it('has servers down and stopped for as long as they were seen to be', async () => {
    const steps = `
  - { at: 1s, crash: Bryant }
  - { at: 1s, pause: Gasol }
  - { at: 2s, resume: Gasol }
  - { at: 2500ms, pause: Metta }
  - { at: 3s, restart: Bryant }
  - { at: 3s, crash: Metta }
  - { at: 3500ms, restart: Metta }`;
    expect(await bandsOf(steps)).to.deep.equal([
      ['pause', [2], 1_000, 2_000],
      ['crash', [1], 1_000, 3_000],
      ['pause', [4], 2_500, 3_000],
      ['crash', [4], 3_000, 3_500],
    ]);
  });

  it('has the network broken until all that one step broke is mended', async () => {
    const steps = `
  - { at: 1s, cut: Bryant }
  - { at: 1s, stall: [Gasol, Howard] }
  - { at: 2s, partition: [[Blake], [Gasol]] }
  - { at: 2s, heal: [Blake, Bryant] }
  - { at: 3s, heal: partition }
  - { at: 4s, heal: all }`;
    expect(await bandsOf(steps)).to.deep.equal([
      ['cut', [1, 0, 2, 4], 1_000, 4_000],
      ['stall', [2, 3], 1_000, 4_000],
      ['partition', [0, 2], 2_000, 3_000],
    ]);
    expect(await bandsOf('  - { at: 1s, cut: Metta }\n  - { at: 2s, heal: [Bryant, Metta] }\n')).to.deep.equal([
      ['cut', [4, 1], 1_000, 2_000],
    ]);
  });

  it('has one trouble follow another of the same clock, link and upstream', async () => {
    const steps = `
  - { at: 1s, clock: { server: Howard, jump: 1h } }
  - { at: 1s, slow: { edge: [Bryant, Metta], delay: 100ms } }
  - { at: 1s, upstream: slow }
  - { at: 2s, clock: { server: Howard, jump: 1h } }
  - { at: 2s, slow: { edge: [Bryant, Metta], delay: 200ms } }
  - { at: 2s, upstream: down }
  - { at: 3s, upstream: up }
  - { at: 3s, heal: [Bryant, Metta] }`;
    const bands = await bandsOf(steps);
    const endMs = (await timelineOf(createScenario(`${quiet}steps:\n${steps}`))).result.simulatedMs;
    expect(bands).to.have.deep.members([
      ['clock', [3], 1_000, 2_000],
      ['slow', [1, 4], 1_000, 2_000],
      ['upstream', [], 1_000, 2_000],
      ['slow', [1, 4], 2_000, 3_000],
      ['upstream', [], 2_000, 3_000],
      ['clock', [3], 2_000, endMs],
    ]);
  });

  it('has a lane for each broker node of a herd on NATS, and the servers that do not run', async () => {
    const herd = `
herd:
  servers: [A, B]
  replication: { kind: nats, brokers: 3 }
  peers: { heartbeatMs: 100, antiEntropySeconds: 1 }
network: { delay: 1ms }`;
    const { bands, marks, lanes } = await timelineOf(
      createScenario(`${herd}\n${quiet}steps:
  - { at: 1s, join: B }
  - { at: 3s, broker: { down: broker-2 } }
  - { at: 5s, broker: up }
  - { at: 6s, cut: [B, broker-3] }
  - { at: 7s, heal: all }
  - { at: 8s, leave: B }
  - { at: 16s, restart: B }`),
    );
    expect(lanes).to.deep.equal(['A', 'B', 'broker-1', 'broker-2', 'broker-3']);
    const shown = bands.map(({ kind, text, lanes: [lane, other], fromMs }) => [kind, text, lane, other, fromMs]);
    expect(shown.slice(0, 3)).to.deep.equal([
      ['crash', 'B has not joined', 1, undefined, 0],
      ['crash', 'broker-2 is down', 3, undefined, 3_000],
      ['cut', 'cut: [B, broker-3]', 1, 4, 6_000],
    ]);
    expect(bands.map(({ text }) => text).slice(3)).to.deep.equal(['B has left']);
    const ofB = marks.filter(({ lane }) => lane === 1).map(({ kind, text }) => [kind, text]);
    expect(ofB.slice(0, 2)).to.deep.equal([
      ['link up', 'live on NATS'],
      ['link down', 'the connection to NATS is down: the connection was reset'],
    ]);
  });
});

describe('messages of a timeline', () => {
  it('has every segment that arrived, with its ends, its times and what it is about', async () => {
    const data = await timelineOf(
      createScenario(
        'clients: { count: 3, rate: 20/s, queries: 30% }\nsettle: 6s\nsteps: [{ at: 2s, expect: converged }]',
      ),
    );
    const { kinds, messages, routes, endpoints, lanes, texts } = data;
    expect(endpoints.slice(0, lanes.length)).to.deep.equal(lanes);
    const columns: (keyof MessageColumns)[] = ['sentAfterUs', 'transitUs', 'route', 'kind', 'bytes', 'text'];
    for (const column of columns) expect(messages[column], column).to.have.length(messages.route.length);
    const words: Readonly<Record<string, RegExp>> = {
      report: /^IAMAT /,
      query: /^WHATSAT /,
      response: /^AT |^\{|^\? /,
      location: /^AT |\nAT /,
      lookup: /^SEEK |^UNKNOWN /,
      handshake: /^HELLO |^PROOF /,
      comparison: /^DIGEST |^LEAVES |^COMPARED|^CAUGHT-UP|^[\w-]+$/m,
      heartbeat: /^BEAT \d/,
    };
    const seen = new Set<string>();
    for (const [index, kind] of messages.kind.entries()) {
      const name = kinds[kind]!;
      const [from, to] = routes[messages.route[index]!]!;
      seen.add(name);
      expect(texts[messages.text[index]!], name).to.match(words[name]!);
      expect(from < lanes.length && to < lanes.length, name).to.equal(!['report', 'query', 'response'].includes(name));
      expect(messages.transitUs[index]).to.be.at.least(0);
    }
    expect([...seen]).to.include.members([
      'report',
      'query',
      'response',
      'location',
      'handshake',
      'comparison',
      'heartbeat',
    ]);
    expect(messages.sentAfterUs.every((us) => us >= 0)).to.equal(true);
    expect(data.omitted).to.include({ messagesBefore: 0, messagesAfter: 0, texts: 0, marks: 0 });
  });

  it('knows a line by its beginning, wherever a segment ends', () => {
    const told = messagesTold([
      'DIGEST abc',
      'defg\nCAU',
      'GHT-UP\n',
      'AT broken',
      'HELLO 3 a b\n',
      'BEAT 5\nAT x\n',
      '?\n',
    ]);
    expect(told.messages.kind.map((kind) => told.kinds[kind])).to.deep.equal([
      'comparison',
      'comparison',
      'comparison',
      'location',
      'handshake',
      'location',
      'other',
    ]);
  });

  it('keeps the latest of too many, and says how many it left out', () => {
    const { messages, omitted } = messagesTold(Array.from({ length: 25 }, (_, index) => `AT ${index}\n`));
    expect(messages.route).to.have.length(8);
    expect(omitted).to.include({ messagesBefore: 17, messagesAfter: 0, keptFromMs: 17 });
  });

  it('keeps what led to the first violation, and some of what followed', () => {
    const lines = Array.from({ length: 25 }, (_, index) => (index % 10 === 9 ? undefined : `AT ${index}\n`));
    const { messages, texts, omitted } = messagesTold(lines);
    expect(messages.route).to.have.length(8);
    expect(texts[0]).to.equal('AT 3\n');
    expect(texts.at(-1)).to.equal('AT 11\n');
    expect(omitted).to.include({ messagesBefore: 3, messagesAfter: 12, keptToMs: 11 });
  });
});

/** The data of a timeline of eight messages at most, where Blake told Bryant that, once a millisecond; undefined: a violation. */
function messagesTold(texts: readonly (string | undefined)[]): TimelineData {
  const scenario = createScenario(`${quiet}steps: []`);
  const recorder = new TimelineRecorder(scenario, 8);
  const [from, to] = [asServerId('Blake')!, asServerId('Bryant')!];
  for (const [atMs, text] of texts.entries()) {
    const event: TraceEvent =
      text === undefined
        ? { kind: 'violation', invariant: 'quiet', text: '', server: undefined }
        : { kind: 'delivered', from, to, sentMs: atMs, text };
    recorder.observe(atMs, event);
  }
  return recorder.data({ ...nothing, simulatedMs: texts.length });
}

const nothing: TimelineData['result'] = {
  name: '',
  file: '',
  unchecked: [],
  seed: 1,
  environment: 'virtual',
  verdict: 'passed',
  violations: [],
  metrics: {
    updates: { attempted: 0, acknowledged: 0, stable: 0, lost: 0, stale: 0 },
    timeToStableMs: { p50: undefined, p95: undefined, p99: undefined, max: undefined },
    messages: { locations: 0, all: 0, perUpdate: undefined, minimum: 0 },
    bytes: { peers: 0, clients: 0 },
    recoveries: [],
  },
  simulatedMs: 0,
  traceHash: '',
};
