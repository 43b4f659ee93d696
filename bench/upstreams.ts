import { createServer, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { BenchHerd } from './support/bench-herd.js';
import { LineClient } from './support/line-client.js';

/*
 * Measures the effect of a failing upstream on reports and queries, request coalescing, and the speed of cache hits. The servers
 * Blake and Bryant run the real command in their own processes; the upstream is an HTTP server in this process.
 *
 *   npm run bench:upstreams [seconds per case, 8] [rounds, 3]
 */

const caseMs = Number(process.argv[2] ?? 8) * 1_000;
const rounds = Number(process.argv[3] ?? 3);

/** Reports per second, one at a time: far below capacity, so that waiting is measured and not load. */
const reportsPerSecond = 400;
/** Queries per second, each with another radius, so that none is answered from the cache. */
const queriesPerSecond = 200;
const position = '+34.068930-118.445127';

type Scenario = 'no queries' | 'up' | 'down' | 'slow' | 'malformed';
const scenarios: readonly Scenario[] = ['no queries', 'up', 'down', 'slow', 'malformed'];

const validBody = JSON.stringify({ results: [{ id: 1, text: 'a post' }], page: 1 });
const malformedBodies = [
  '<html>unreadable</html>',
  '{"results":[{"id":1',
  'x'.repeat(2 * 1_024 * 1_024),
  `{"results":["${'x'.repeat(900_000)}`,
];

/** An upstream whose behaviour is set by `state`. */
class FaultyUpstream {
  state: Scenario = 'up';
  requests = 0;
  private readonly server: Server;

  constructor() {
    this.server = createServer((_, response) => this.respond(response));
  }

  async start(): Promise<string> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private respond(response: ServerResponse): void {
    this.requests += 1;
    switch (this.state) {
      case 'down':
        return void response.destroy();
      case 'slow':
        // Longer than the upstream deadline.
        return void setTimeout(() => response.end(validBody), 20_000).unref();
      case 'malformed':
        return void response.end(malformedBodies[this.requests % malformedBodies.length]);
      default:
        return void setTimeout(() => response.end(validBody), 30);
    }
  }
}

/** Response times and propagation delays in milliseconds. */
interface Times {
  readonly iamat: number[];
  readonly propagation: number[];
  readonly whatsat: number[];
  unanswered: number;
}

const measured = new Map(
  scenarios.map((state): [Scenario, Times] => [state, { iamat: [], propagation: [], whatsat: [], unanswered: 0 }]),
);

function quantile(times: readonly number[], fraction: number): string {
  if (times.length === 0) return '-';
  const sorted = [...times].sort((a, b) => a - b);
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? 0).toFixed(2);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

let queryCount = 0;

/** Sends a WHATSAT that is not in the cache, and records its response time. */
async function sendQuery(client: LineClient, times: Times): Promise<void> {
  queryCount += 1;
  const startedMs = performance.now();
  times.unanswered += 1;
  const response = await client.request(`WHATSAT queried ${(queryCount % 2_000_000) / 1_000} 2`);
  times.unanswered -= 1;
  if (!response.startsWith('AT ')) throw new Error(`unexpected response: ${response}`);
  times.whatsat.push(performance.now() - startedMs);
}

/** Wall-clock time in milliseconds with a fraction. */
function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

/** Reports to Blake, and records when, keyed by the time in the report, which is unique. */
async function sendReport(blake: LineClient, number: number, times: Times, sentMs: Map<string, number>): Promise<void> {
  const startedMs = performance.now();
  const time = String(1_700_000_000 + number);
  sentMs.set(time, nowMs());
  await blake.request(`IAMAT bench-${number % 1_000} ${position} ${time}`);
  times.iamat.push(performance.now() - startedMs);
}

/** Records the propagation delay to Bryant from the timestamps of its log, which are whole milliseconds of the same clock. */
async function recordPropagation(
  herd: BenchHerd,
  from: number,
  times: Times,
  sentMs: Map<string, number>,
): Promise<void> {
  for (let missing = sentMs.size; missing > 0; missing = sentMs.size) {
    for (const line of herd.logFrom('Bryant', from).split('\n')) {
      const [, stamp = '', time = ''] = /^(\S+) peer Blake in AT Blake \S+ bench-\S+ \S+ (\d+)/.exec(line) ?? [];
      const sent = sentMs.get(time);
      if (sent === undefined) continue;
      sentMs.delete(time);
      times.propagation.push(Math.max(0, Date.parse(stamp) - sent));
    }
    if (sentMs.size > 0) await pause(50);
  }
}

async function runCase(herd: BenchHerd, upstream: FaultyUpstream, state: Scenario, round: number): Promise<void> {
  const times = measured.get(state);
  if (times === undefined) return;
  upstream.state = state === 'no queries' ? 'up' : state;
  const blake = await LineClient.connect(herd.portOf('Blake'));
  // Responses of one connection keep their order, so slow ones need many connections.
  const queryClients = await Promise.all(Array.from({ length: 200 }, () => LineClient.connect(herd.portOf('Blake'))));
  await blake.request(`IAMAT queried ${position} ${1_700_000_000 + round}`);
  // Leftovers of the previous case must not be counted.
  await pause(1_500);
  const from = herd.logBytes('Bryant');
  const sentMs = new Map<string, number>();
  const startedMs = performance.now();
  const queries: Promise<void>[] = [];
  let reports = 0;
  for (let elapsedMs = 0; elapsedMs < caseMs; elapsedMs = performance.now() - startedMs) {
    const dueQueries = state === 'no queries' ? 0 : Math.floor((elapsedMs * queriesPerSecond) / 1_000);
    while (queries.length < dueQueries) {
      const client = queryClients[queries.length % queryClients.length];
      if (client !== undefined) queries.push(sendQuery(client, times));
    }
    if (reports < (elapsedMs * reportsPerSecond) / 1_000) {
      reports += 1;
      await sendReport(blake, round * 1_000_000 + scenarios.indexOf(state) * 100_000 + reports, times, sentMs);
    } else {
      await pause(1);
    }
  }
  await Promise.race([Promise.all(queries), pause(12_000)]);
  await recordPropagation(herd, from, times, sentMs);
  for (const client of [blake, ...queryClients]) client.close();
}

/** Responses per second over 4 connections with 50 commands in flight on each. */
async function measureRate(port: number, command: (number: number) => string, durationMs: number): Promise<number> {
  const clients = await Promise.all(Array.from({ length: 4 }, () => LineClient.connect(port)));
  let completed = 0;
  const endMs = performance.now() + durationMs;
  const startedMs = performance.now();
  await Promise.all(
    clients.map(async (client) => {
      while (performance.now() < endMs) {
        await Promise.all(Array.from({ length: 50 }, () => client.request(command((completed += 1)))));
      }
    }),
  );
  const perSecond = (completed * 1_000) / (performance.now() - startedMs);
  for (const client of clients) client.close();
  return perSecond;
}

const upstream = new FaultyUpstream();
const url = await upstream.start();
const herd = await BenchHerd.start({
  topology: { Blake: ['Bryant'] },
  settings: { upstream: { kind: 'twitter', url }, limits: { maxCommandsPerSecond: 1_000_000 } },
  proxies: 'none',
});
const singleServer = await BenchHerd.start({
  topology: { Solo: [] },
  settings: { upstream: { kind: 'twitter', url }, limits: { maxCommandsPerSecond: 1_000_000 } },
  proxies: 'none',
});
try {
  print(
    `${rounds} rounds of ${caseMs / 1_000} s each; ${reportsPerSecond} IAMAT and ${queriesPerSecond} WHATSAT per second\n`,
  );
  for (let round = 1; round <= rounds; round += 1) {
    for (const state of scenarios) await runCase(herd, upstream, state, round);
  }
  print('upstream       IAMAT p50   p99  p99.9   propag. p50   p99   WHATSAT p50     p99     max  unanswered  of');
  for (const [state, { iamat, propagation, whatsat, unanswered }] of measured) {
    const cells = [
      quantile(iamat, 0.5).padStart(9),
      quantile(iamat, 0.99).padStart(6),
      quantile(iamat, 0.999).padStart(7),
      quantile(propagation, 0.5).padStart(14),
      quantile(propagation, 0.99).padStart(6),
      quantile(whatsat, 0.5).padStart(14),
      quantile(whatsat, 0.99).padStart(8),
      quantile(whatsat, 1).padStart(8),
      String(unanswered).padStart(12),
      String(whatsat.length + unanswered).padStart(6),
    ];
    print(`${state.padEnd(15)}${cells.join('')}`);
  }

  upstream.state = 'up';
  const port = singleServer.portOf('Solo');
  const clients = await Promise.all(Array.from({ length: 100 }, () => LineClient.connect(port)));
  await clients[0]?.request(`IAMAT same ${position} 1700000000`);
  upstream.requests = 0;
  await Promise.all(clients.flatMap((client) => Array.from({ length: 10 }, () => client.request('WHATSAT same 10 2'))));
  print(`\n1,000 identical queries at once: upstream requests: ${upstream.requests}`);
  for (const client of clients) client.close();

  upstream.requests = 0;
  const rates: { iamat: number[]; hit: number[] } = { iamat: [], hit: [] };
  // The first round is the warm-up.
  for (let round = 0; round <= rounds; round += 1) {
    const iamat = await measureRate(
      port,
      (number) => `IAMAT rate-${number % 1_000} ${position} ${1_700_000_000 + number}`,
      caseMs / 2,
    );
    const hit = await measureRate(port, () => 'WHATSAT same 10 2', caseMs / 2);
    if (round > 0) rates.iamat.push(iamat);
    if (round > 0) rates.hit.push(hit);
  }
  const middle = (all: readonly number[]) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0;
  const [iamat, hit] = [middle(rates.iamat), middle(rates.hit)];
  print(`single server, 4 connections, 50 commands in flight on each, median of ${rounds} rounds:`);
  print(
    `  IAMAT ${Math.round(iamat)} per second, cache hits ${Math.round(hit)} per second (ratio ${(hit / iamat).toFixed(2)})`,
  );
  print(`  upstream requests meanwhile: ${upstream.requests}`);
} finally {
  await herd.stop();
  await singleServer.stop();
  upstream.stop();
}
