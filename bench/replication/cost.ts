import { natsServer } from '../systems/nats-herd.js';
import type { LoadOrder, LoadResult } from '../load/order.js';
import { interleaved, playTurn, warmUp, withAll, type Competitor } from '../benchmarks/field.js';
import type { Bench, Measure } from '../benchmarks/measure.js';
import { behindAllowedMs, clientCount, rateOf, sustained, targetOf } from '../benchmarks/throughput.js';
import { quantile } from '../support/statistics.js';
import { wireBytes } from '../support/wire-bytes.js';
import { timesUntilLast } from './last-to-know.js';
import { shapesOf, told, type SpreadShape } from './shapes.js';

/** Rounds are fewer than elsewhere, for there are many herds. */
const roundsMost = 3;

/** The processes of a herd share one core until each has compiled what runs often; so long each, in milliseconds, and so long at most. */
const beforeEachMs = 2_000;
const beforeMostMs = 20_000;

/** Reports at idle whose time is taken, in a round. */
const timesARound = { full: 150, quick: 40 } as const;

/** What a turn of load came to, and what went over the connections between servers meanwhile. */
interface Turn extends LoadResult {
  readonly bytes: number | undefined;
}

/** What spreading costs, and how long it takes, as herds grow. */
export const spreadCost: Measure = {
  name: 'spread',
  title: 'Reports at one of so many servers, known at all: 64 connections, 16 in flight on each; and one at a time',
  runs: 'never',
  async run(bench) {
    const { effort } = bench;
    for (const servers of effort.kind === 'full' ? [2, 4, 8, 16] : [2, 8]) {
      const beforeMs = Math.min(beforeMostMs, effort.kind === 'full' ? beforeEachMs * servers : effort.beforeMs);
      const fitted = { ...bench, effort: { ...effort, beforeMs, rounds: Math.min(roundsMost, effort.rounds) } };
      await measureSize(fitted, shapesOf(servers));
    }
  },
};

async function measureSize(bench: Bench, shapes: readonly SpreadShape[]): Promise<void> {
  const entries = shapes.map(({ name, contestant, talks }) => ({
    name,
    contestant,
    shape: { talks, log: 'every line' } as const,
  }));
  await withAll(bench, entries, async (competitors) => {
    const { rounds, kind } = bench.effort;
    bench.say(`  up: ${competitors.map(({ name }) => name).join('; ')} servers`);
    await warmUp(bench, competitors, (competitor) => ({ ...orderFor(bench, competitor), warmUpRounds: 1 }));
    const turns = await interleaved(rounds, competitors, async (competitor, round) => {
      const turn = await sustained((order) => playCounted(bench, competitor, order), orderFor(bench, competitor));
      bench.say(`  round ${round + 1} of ${rounds}: ${competitor.name} servers ${rateOf(turn).toFixed(0)}/s`);
      return turn;
    });
    const timesMs = await interleaved(rounds, competitors, async (competitor, round) => {
      const { port, watched } = targetOf(competitor);
      const times = await timesUntilLast(port, watched, timesARound[kind]);
      bench.say(
        `  round ${round + 1} of ${rounds}: ${competitor.name} servers, median ${quantile(times, 0.5).toFixed(1)} ms`,
      );
      return times;
    });
    for (const competitor of competitors) {
      noteCost(bench, competitor, turns.get(competitor.name) ?? []);
      noteTimes(bench, competitor.name, timesMs.get(competitor.name) ?? []);
    }
  });
}

function orderFor({ effort: { warmUpMs, measureMs } }: Bench, competitor: Competitor): LoadOrder {
  return {
    ...targetOf(competitor),
    workload: 'iamat',
    pace: { kind: 'closed', depth: 16 },
    connections: 64,
    clients: clientCount,
    warmUpMs,
    warmUpRounds: 0,
    measureMs,
    behindAllowedMs,
  };
}

async function playCounted(bench: Bench, competitor: Competitor, order: LoadOrder): Promise<Turn> {
  const ports = competitor.running.linkPorts ?? [];
  const before = wireBytes(ports);
  const result = await playTurn(bench, competitor, order);
  const after = wireBytes(ports);
  if (before === undefined || after === undefined) bench.figures.note('bytes are not counted: there is no ss');
  return { ...result, bytes: before === undefined || after === undefined ? undefined : after - before };
}

function noteCost({ figures }: Bench, { name, running }: Competitor, turns: readonly Turn[]): void {
  const of = { measure: spreadCost.name, subject: name };
  const pids = [...running.pids.keys()];
  const micros = (which: (process: string) => boolean) =>
    turns.map(({ whole: { cpuMs, answers } }) => {
      const ms = cpuMs.reduce((sum, each, index) => (which(pids[index] ?? '') ? sum + each : sum), 0);
      return (ms * 1_000) / answers;
    });
  figures.add({ ...of, metric: 'rate', unit: 'a second', values: turns.map(rateOf) });
  figures.add({ ...of, metric: 'CPU, first server', unit: 'µs', values: micros((process) => process === told) });
  figures.add({ ...of, metric: 'CPU, servers', unit: 'µs', values: micros((process) => process !== natsServer) });
  if (running.pids.has(natsServer)) {
    figures.add({ ...of, metric: 'CPU, nats-server', unit: 'µs', values: micros((process) => process === natsServer) });
  }
  const bytes = turns.flatMap((turn) => (turn.bytes === undefined ? [] : [turn.bytes / turn.whole.answers]));
  if (bytes.length > 0) figures.add({ ...of, metric: 'bytes', unit: 'bytes', values: bytes });
  if (turns.some((turn) => rateOf(turn) === 0)) {
    figures.note(`${name} servers: the herd did not keep up in every round; such a round counts as none`);
  }
}

function noteTimes({ figures }: Bench, subject: string, rounds: readonly (readonly number[])[]): void {
  for (const [metric, part] of [
    ['last knows, p50', 0.5],
    ['last knows, p99', 0.99],
  ] as const) {
    const values = rounds.map((timesMs) => quantile(timesMs, part));
    figures.add({ measure: spreadCost.name, subject, metric, unit: 'ms', values });
  }
}
