import { runScenario } from '../src/simulation/run/runner.js';
import { parseScenario } from '../src/simulation/scenario/scenario-loader.js';
import type { Scenario } from '../src/simulation/scenario/scenario.js';
import { SeededRandom } from '../src/simulation/time/seeded-random.js';
import { VirtualEnvironment } from '../src/simulation/virtual/virtual-environment.js';
import { twitterSearch } from '../src/upstreams/twitter.js';
import type { GraphEdge } from './graphs.js';

/** Results of one simulated herd. Times are simulated milliseconds. */
export interface ScalePoint {
  readonly graph: string;
  readonly servers: number;
  readonly links: number;
  readonly messagesPerUpdate: number;
  readonly bytesPerUpdate: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Bytes per second over one link, both directions, that carry no location: heartbeats and anti-entropy. */
  readonly overheadBytesPerSecond: number;
}

/** Number of reports, each of another client, at random servers. */
const updateCount = 200;

/** Milliseconds between two reports. */
const reportIntervalMs = 50;

/** Time of the first report, in milliseconds: by then all links are up. */
const firstReportMs = 5_000;

const upstream = twitterSearch('http://upstream.simulated');

/** Simulates one herd and measures it. Results are deterministic on every machine. */
export async function measure(graph: string, servers: number, edges: readonly GraphEdge[]): Promise<ScalePoint> {
  const scenario = buildScenario(graph, servers, edges);
  let locationBytes = 0;
  let otherBytes = 0;
  const { verdict, violations, metrics, simulatedMs } = await runScenario(scenario, {
    createEnvironment: (onEvent) => new VirtualEnvironment(scenario, upstream, onEvent),
    onEntry: (atMs, event) => {
      if (event.kind !== 'delivered' || !isServer(event.from) || !isServer(event.to)) return;
      let locationBytesInEvent = 0;
      for (const line of event.text.split('\n')) if (line.startsWith('AT ')) locationBytesInEvent += line.length + 1;
      locationBytes += locationBytesInEvent;
      if (atMs >= firstReportMs) otherBytes += event.text.length - locationBytesInEvent;
    },
  });
  const { perUpdate } = metrics.messages;
  const { p50, p99 } = metrics.timeToStableMs;
  if (verdict === 'failed') throw new Error(`${graph} of ${servers}: ${violations[0]?.text ?? 'failed'}`);
  if (perUpdate === undefined || p50 === undefined || p99 === undefined)
    throw new Error(`${graph} of ${servers}: no updates were measured`);
  return {
    graph,
    servers,
    links: edges.length,
    messagesPerUpdate: perUpdate,
    bytesPerUpdate: locationBytes / updateCount,
    p50Ms: p50,
    p99Ms: p99,
    overheadBytesPerSecond: otherBytes / edges.length / ((simulatedMs - firstReportMs) / 1_000),
  };
}

function buildScenario(graph: string, servers: number, edges: readonly GraphEdge[]): Scenario {
  const random = new SeededRandom('scale', `${graph} ${servers}`);
  const topologyLines = Array.from({ length: servers }, (_, one) => {
    const others = edges.flatMap(([from, to]) => (from === one ? [serverName(to)] : []));
    return `    ${serverName(one)}: [${others.join(', ')}]`;
  });
  const steps = Array.from({ length: updateCount }, (_, index) => {
    const server = serverName(random.below(servers));
    const report = `{ server: ${server}, client: phone-${index}, position: '+34.068930-118.445127' }`;
    return `  - { at: ${firstReportMs + index * reportIntervalMs}ms, report: ${report} }`;
  });
  const text = `
name: ${graph} of ${servers}
seed: 1
herd:
  servers: [${Array.from({ length: servers }, (_, server) => serverName(server)).join(', ')}]
  topology:
${topologyLines.join('\n')}
network: { delay: 5ms..40ms }
clients: { count: 0 }
settle: 15s
steps:
${steps.join('\n')}
`;
  return parseScenario('scale.yaml', text, {});
}

function serverName(server: number): string {
  return `Server${server + 1}`;
}

function isServer(name: string): boolean {
  return name.startsWith('Server');
}
