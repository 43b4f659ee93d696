import { createServer, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { BenchHerd } from './support/bench-herd.js';
import { LineClient } from './support/line-client.js';

/*
 * What an upstream in trouble costs those who do not ask it, side by side in one run; how often the same question is asked; and how
 * fast answers from memory are. Servers of the real command, each in a process of its own, Blake and Bryant; the upstream is a
 * service of this process.
 *
 *   npm run bench:upstreams [seconds a part, 8] [rounds, 3]
 */

const partMs = Number(process.argv[2] ?? 8) * 1_000;
const rounds = Number(process.argv[3] ?? 3);

/** Reports a second, one at a time: far below what a server can do, so that what is measured is waiting and not load. */
const reportsPerSecond = 400;
/** Questions a second besides, each for another place, so that none is answered from memory. */
const questionsPerSecond = 200;
const place = '+34.068930-118.445127';

type State = 'nobody asks' | 'up' | 'down' | 'slow' | 'garbage';
const states: readonly State[] = ['nobody asks', 'up', 'down', 'slow', 'garbage'];

const plain = JSON.stringify({ results: [{ id: 1, text: 'a post' }], page: 1 });
const garbage = [
  '<html>unreadable</html>',
  '{"results":[{"id":1',
  'x'.repeat(2 * 1_024 * 1_024),
  `{"results":["${'x'.repeat(900_000)}`,
];

/** An upstream that does as it is told. */
class Upstream {
  state: State = 'up';
  requests = 0;
  private readonly server: Server;

  constructor() {
    this.server = createServer((_, response) => this.answer(response));
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

  private answer(response: ServerResponse): void {
    this.requests += 1;
    switch (this.state) {
      case 'down':
        return void response.destroy();
      case 'slow':
        // Longer than anybody waits.
        return void setTimeout(() => response.end(plain), 20_000).unref();
      case 'garbage':
        return void response.end(garbage[this.requests % garbage.length]);
      default:
        return void setTimeout(() => response.end(plain), 30);
    }
  }
}

/** Times in milliseconds. */
interface Times {
  readonly iamat: number[];
  readonly flood: number[];
  readonly whatsat: number[];
  unanswered: number;
}

const measured = new Map(
  states.map((state): [State, Times] => [state, { iamat: [], flood: [], whatsat: [], unanswered: 0 }]),
);

function quantile(times: readonly number[], of: number): string {
  if (times.length === 0) return '-';
  const sorted = [...times].sort((a, b) => a - b);
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * of))] ?? 0).toFixed(2);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

let places = 0;

/** Asks a question that nobody has asked; notes how long its answer took. */
async function question(client: LineClient, times: Times): Promise<void> {
  places += 1;
  const beganMs = performance.now();
  times.unanswered += 1;
  const answer = await client.ask(`WHATSAT asked ${(places % 2_000_000) / 1_000} 2`);
  times.unanswered -= 1;
  if (!answer.startsWith('AT ')) throw new Error(answer);
  times.whatsat.push(performance.now() - beganMs);
}

/** The time of day, finer than a millisecond. */
function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

/** Reports at Blake; notes when, by the time that stands in the report, which no other has. */
async function report(blake: LineClient, number: number, times: Times, sentMs: Map<string, number>): Promise<void> {
  const beganMs = performance.now();
  const time = String(1_700_000_000 + number);
  sentMs.set(time, nowMs());
  await blake.ask(`IAMAT bench-${number % 1_000} ${place} ${time}`);
  times.iamat.push(performance.now() - beganMs);
}

/** How long reports took to Bryant: his log has the time of each, in whole milliseconds of the same clock. */
async function noteFlooded(herd: BenchHerd, from: number, times: Times, sentMs: Map<string, number>): Promise<void> {
  for (let missing = sentMs.size; missing > 0; missing = sentMs.size) {
    for (const line of herd.logFrom('Bryant', from).split('\n')) {
      const [, stamp = '', time = ''] = /^(\S+) peer Blake in AT Blake \S+ bench-\S+ \S+ (\d+)/.exec(line) ?? [];
      const sent = sentMs.get(time);
      if (sent === undefined) continue;
      sentMs.delete(time);
      times.flood.push(Math.max(0, Date.parse(stamp) - sent));
    }
    if (sentMs.size > 0) await pause(50);
  }
}

async function part(herd: BenchHerd, upstream: Upstream, state: State, round: number): Promise<void> {
  const times = measured.get(state);
  if (times === undefined) return;
  upstream.state = state === 'nobody asks' ? 'up' : state;
  const blake = await LineClient.connect(herd.portOf('Blake'));
  // A slow answer holds back those behind it, so those who ask are many.
  const asking = await Promise.all(Array.from({ length: 200 }, () => LineClient.connect(herd.portOf('Blake'))));
  await blake.ask(`IAMAT asked ${place} ${1_700_000_000 + round}`);
  // What the part before left behind must not be counted for this one.
  await pause(1_500);
  const from = herd.logBytes('Bryant');
  const sentMs = new Map<string, number>();
  const beganMs = performance.now();
  const questions: Promise<void>[] = [];
  let reports = 0;
  for (let elapsedMs = 0; elapsedMs < partMs; elapsedMs = performance.now() - beganMs) {
    const dueQuestions = state === 'nobody asks' ? 0 : Math.floor((elapsedMs * questionsPerSecond) / 1_000);
    while (questions.length < dueQuestions) {
      const client = asking[questions.length % asking.length];
      if (client !== undefined) questions.push(question(client, times));
    }
    if (reports < (elapsedMs * reportsPerSecond) / 1_000) {
      reports += 1;
      await report(blake, round * 1_000_000 + states.indexOf(state) * 100_000 + reports, times, sentMs);
    } else {
      await pause(1);
    }
  }
  await Promise.race([Promise.all(questions), pause(12_000)]);
  await noteFlooded(herd, from, times, sentMs);
  for (const client of [blake, ...asking]) client.close();
}

/** How many commands of a kind are answered in a second, over some connections with many commands under way each. */
async function rate(port: number, command: (number: number) => string, forMs: number): Promise<number> {
  const clients = await Promise.all(Array.from({ length: 4 }, () => LineClient.connect(port)));
  let answered = 0;
  const endMs = performance.now() + forMs;
  const beganMs = performance.now();
  await Promise.all(
    clients.map(async (client) => {
      while (performance.now() < endMs) {
        await Promise.all(Array.from({ length: 50 }, () => client.ask(command((answered += 1)))));
      }
    }),
  );
  const perSecond = (answered * 1_000) / (performance.now() - beganMs);
  for (const client of clients) client.close();
  return perSecond;
}

const upstream = new Upstream();
const url = await upstream.start();
const herd = await BenchHerd.start({
  talks: { Blake: ['Bryant'] },
  settings: { upstream: { kind: 'twitter', url }, limits: { commandsPerSecondMax: 1_000_000 } },
  proxies: 'none',
});
const alone = await BenchHerd.start({
  talks: { Solo: [] },
  settings: { upstream: { kind: 'twitter', url }, limits: { commandsPerSecondMax: 1_000_000 } },
  proxies: 'none',
});
try {
  print(
    `${rounds} rounds of ${partMs / 1_000} s each; ${reportsPerSecond} IAMAT and ${questionsPerSecond} WHATSAT a second\n`,
  );
  for (let round = 1; round <= rounds; round += 1) {
    for (const state of states) await part(herd, upstream, state, round);
  }
  print('upstream       IAMAT p50   p99  p99.9   flooded p50   p99   WHATSAT p50     p99     max  unanswered  of');
  for (const [state, { iamat, flood, whatsat, unanswered }] of measured) {
    const cells = [
      quantile(iamat, 0.5).padStart(9),
      quantile(iamat, 0.99).padStart(6),
      quantile(iamat, 0.999).padStart(7),
      quantile(flood, 0.5).padStart(14),
      quantile(flood, 0.99).padStart(6),
      quantile(whatsat, 0.5).padStart(14),
      quantile(whatsat, 0.99).padStart(8),
      quantile(whatsat, 1).padStart(8),
      String(unanswered).padStart(12),
      String(whatsat.length + unanswered).padStart(6),
    ];
    print(`${state.padEnd(15)}${cells.join('')}`);
  }

  upstream.state = 'up';
  const port = alone.portOf('Solo');
  const clients = await Promise.all(Array.from({ length: 100 }, () => LineClient.connect(port)));
  await clients[0]?.ask(`IAMAT same ${place} 1700000000`);
  upstream.requests = 0;
  await Promise.all(clients.flatMap((client) => Array.from({ length: 10 }, () => client.ask('WHATSAT same 10 2'))));
  print(`\n1,000 identical questions at once: ${upstream.requests} request(s)`);
  for (const client of clients) client.close();

  upstream.requests = 0;
  const rates: { iamat: number[]; hit: number[] } = { iamat: [], hit: [] };
  // The first of each is not counted: the program is warming up.
  for (let round = 0; round <= rounds; round += 1) {
    const iamat = await rate(
      port,
      (number) => `IAMAT rate-${number % 1_000} ${place} ${1_700_000_000 + number}`,
      partMs / 2,
    );
    const hit = await rate(port, () => 'WHATSAT same 10 2', partMs / 2);
    if (round > 0) rates.iamat.push(iamat);
    if (round > 0) rates.hit.push(hit);
  }
  const middle = (all: readonly number[]) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0;
  const [iamat, hit] = [middle(rates.iamat), middle(rates.hit)];
  print(`a server alone, 4 connections, 50 commands under way on each, median of ${rounds}:`);
  print(
    `  IAMAT ${Math.round(iamat)} a second, hits in the cache ${Math.round(hit)} a second: ${(hit / iamat).toFixed(2)} of it`,
  );
  print(`  asked of the upstream meanwhile: ${upstream.requests}`);
} finally {
  await herd.stop();
  await alone.stop();
  upstream.stop();
}
