import { runScenario } from '../src/simulation/run/runner.js';
import { parseScenario } from '../src/simulation/scenario/scenario-loader.js';
import type { Scenario } from '../src/simulation/scenario/scenario.js';
import { SeededRandom } from '../src/simulation/time/seeded-random.js';
import { VirtualWorld } from '../src/simulation/virtual/virtual-environment.js';
import { twitterSearch } from '../src/upstreams/twitter.js';
import type { GraphEdge } from './graphs.js';

/** What one herd has shown. Times are in milliseconds, of the simulation. */
export interface ScalePoint {
  readonly graph: string;
  readonly servers: number;
  readonly links: number;
  readonly messagesPerUpdate: number;
  readonly bytesPerUpdate: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Bytes a second over one link, both ways, that carry no location: heartbeats and comparisons. */
  readonly upkeepBytesPerSecond: number;
}

/** Reports, each of a client of its own, from any server. */
const updates = 200;

/** Milliseconds between two reports. */
const everyMs = 50;

/** When the first is made: by then all links are up. */
const firstMs = 5_000;

const upstream = twitterSearch('http://upstream.simulated');

/** Measures one herd: the same to the last digit, wherever it is run. */
export async function measure(graph: string, servers: number, edges: readonly GraphEdge[]): Promise<ScalePoint> {
  const scenario = scenarioOf(graph, servers, edges);
  let locationBytes = 0;
  let otherBytes = 0;
  const { verdict, violations, measures, simulatedMs } = await runScenario(scenario, {
    world: (tell) => new VirtualWorld(scenario, upstream, tell),
    onEntry: (atMs, event) => {
      if (event.kind !== 'carried' || !isServer(event.from) || !isServer(event.to)) return;
      let ofLocations = 0;
      for (const line of event.text.split('\n')) if (line.startsWith('AT ')) ofLocations += line.length + 1;
      locationBytes += ofLocations;
      if (atMs >= firstMs) otherBytes += event.text.length - ofLocations;
    },
  });
  const { perUpdate } = measures.messages;
  const { p50, p99 } = measures.timeToStableMs;
  if (verdict === 'violated') throw new Error(`${graph} of ${servers}: ${violations[0]?.text ?? 'violated'}`);
  if (perUpdate === undefined || p50 === undefined || p99 === undefined) throw new Error('nothing was updated');
  return {
    graph,
    servers,
    links: edges.length,
    messagesPerUpdate: perUpdate,
    bytesPerUpdate: locationBytes / updates,
    p50Ms: p50,
    p99Ms: p99,
    upkeepBytesPerSecond: otherBytes / edges.length / ((simulatedMs - firstMs) / 1_000),
  };
}

function scenarioOf(graph: string, servers: number, edges: readonly GraphEdge[]): Scenario {
  const chance = new SeededRandom('scale', `${graph} ${servers}`);
  const talks = Array.from({ length: servers }, (_, one) => {
    const others = edges.flatMap(([from, to]) => (from === one ? [nameOf(to)] : []));
    return `    ${nameOf(one)}: [${others.join(', ')}]`;
  });
  const steps = Array.from({ length: updates }, (_, index) => {
    const server = nameOf(chance.below(servers));
    const report = `{ server: ${server}, client: phone-${index}, position: '+34.068930-118.445127' }`;
    return `  - { at: ${firstMs + index * everyMs}ms, report: ${report} }`;
  });
  const text = `
name: ${graph} of ${servers}
seed: 1
herd:
  servers: [${Array.from({ length: servers }, (_, server) => nameOf(server)).join(', ')}]
  talks:
${talks.join('\n')}
network: { delay: 5ms..40ms }
clients: { count: 0 }
settle: 15s
steps:
${steps.join('\n')}
`;
  return parseScenario('scale.yaml', text, {});
}

function nameOf(server: number): string {
  return `Server${server + 1}`;
}

function isServer(name: string): boolean {
  return name.startsWith('Server');
}
