import { setTimeout as pause } from 'node:timers/promises';
import { natsServer } from '../systems/nats-herd.js';
import type { Running } from '../systems/contestant.js';
import { withAll, type Competitor } from '../benchmarks/field.js';
import type { Bench, Measure } from '../benchmarks/measure.js';
import { fill, targetOf } from '../benchmarks/throughput.js';
import { LineClient } from '../support/line-client.js';
import { quantile } from '../support/statistics.js';
import { timeToLoad } from './joiner.js';
import { timesUntilLast } from './last-to-know.js';
import { shapesOf } from './shapes.js';

/** Clients that a server that joins comes to know. */
const clients = 100_000;

/** What is timed in a round: reports until all know, and answers with NATS there and stopped. */
const counts = { full: { known: 150, answers: 300 }, quick: { known: 40, answers: 150 } } as const;

/** Between two reports, in milliseconds: what the servers tell each other of the one before is done, and takes no time of the core from this one. */
const everyMs = 10;

/** How long the servers may take to find that NATS is away, or there again, in milliseconds. */
const noticedWithinMs = 60_000;

/** What docs/nats.md promises, in a herd of five on NATS: each with what is asked of it. */
export const promises: Measure = {
  name: 'nats',
  title: 'Five servers on NATS: until the last knows of a report; answers with NATS there and stopped; who joins',
  runs: 'never',
  async run(bench) {
    const entries = shapesOf(5)
      .filter(({ way }) => way === 'nats')
      .map(({ contestant, talks }) => ({ name: subject, contestant, shape: { talks, log: 'every line' } as const }));
    await withAll(bench, entries, async ([competitor]) => {
      if (competitor === undefined) return;
      // First, so that what runs often is compiled.
      await fill(bench, competitor, clients);
      const rounds: Round[] = [];
      for (let round = 1; round <= bench.effort.rounds; round += 1) {
        rounds.push(await measureRound(bench, competitor));
        bench.say(`  round ${round} of ${bench.effort.rounds}`);
      }
      note(
        bench,
        'last knows, p99',
        rounds.map(({ lastKnowsMs }) => lastKnowsMs),
      );
      note(
        bench,
        'answered, NATS there',
        rounds.map(({ thereMs }) => thereMs),
      );
      note(
        bench,
        'answered, NATS stopped',
        rounds.map(({ stoppedMs }) => stoppedMs),
      );
      const { ms } = await timeToLoad(competitor.running);
      note(bench, 'joins', [ms]);
    });
  },
};

const subject = 'NATS, 5';

/** Times of one round, all in milliseconds. */
interface Round {
  readonly lastKnowsMs: number;
  /** From a report to its answer. */
  readonly thereMs: number;
  readonly stoppedMs: number;
}

async function measureRound(bench: Bench, competitor: Competitor): Promise<Round> {
  const { known, answers } = counts[bench.effort.kind];
  const { port, watched } = targetOf(competitor);
  const lastKnowsMs = quantile(await timesUntilLast(port, watched, known), 0.99);
  const nats = competitor.running.pids.get(natsServer) ?? 0;
  // Both in a round, so that what slows the machine down slows both.
  const thereMs = await answerMs(port, answers);
  process.kill(nats, 'SIGSTOP');
  let stoppedMs: number;
  try {
    await allAre(competitor.running, (state) => state === 'away' || state === 'connecting');
    stoppedMs = await answerMs(port, answers);
  } finally {
    process.kill(nats, 'SIGCONT');
  }
  await allAre(competitor.running, (state) => state === 'live');
  return { lastKnowsMs, thereMs, stoppedMs };
}

/** The median time from a report to its answer, one at a time. */
async function answerMs(port: number, count: number): Promise<number> {
  const client = await LineClient.connect(port);
  const timesMs: number[] = [];
  for (let number = 0; number < count; number += 1) {
    await pause(everyMs);
    const startedMs = performance.now();
    await client.ask(`IAMAT timed-${number % 64} +34.068930-118.445127 ${(Date.now() / 1_000).toFixed(3)}`);
    timesMs.push(performance.now() - startedMs);
  }
  client.close();
  return quantile(timesMs, 0.5);
}

/** Waits until all servers say so of their bucket. */
async function allAre({ httpPorts }: Running, isSo: (state: string | undefined) => boolean): Promise<void> {
  const startedMs = performance.now();
  for (const port of httpPorts?.values() ?? []) {
    while (!isSo(await bucketStateAt(port))) {
      if (performance.now() - startedMs > noticedWithinMs) throw new Error('a server does not notice how NATS is');
      await pause(100);
    }
  }
}

async function bucketStateAt(port: number): Promise<string | undefined> {
  const answer = await fetch(`http://127.0.0.1:${port}/api/herd`);
  return ((await answer.json()) as { readonly bucket: { readonly state: string } | null }).bucket?.state;
}

function note({ figures }: Bench, metric: string, values: readonly number[]): void {
  figures.add({ measure: promises.name, subject, metric, unit: 'ms', values });
}
