import { herd, herdInOne } from '../systems/all.js';
import { first, fiveServers, furthest } from '../systems/contestant.js';
import type { LoadOrder, LoadResult } from '../load/order.js';
import { median } from '../support/statistics.js';
import { interleaved, playTurn, warmUp, withAll, type Competitor } from './field.js';
import type { Bench, Measure } from './measure.js';
import { clientCount, fill, rateOf, targetOf } from './throughput.js';

/** How much of its capacity a herd is given to do meanwhile. */
const loads = { idle: 0, half: 0.5, 'nine tenths': 0.9 } as const;

/** Between two times taken, in milliseconds. */
const everyMs = 4;

/** The time from the answer of one server until another one, three hops away, knows. */
export const latency: Measure = {
  name: 'latency',
  title: 'From the answer at Metta until Howard knows, three hops away, and the answers of a load at a fixed rate',
  runs: 'full run',
  async run(bench) {
    const entries = [herd, herdInOne].map((contestant) => ({
      name: contestant.name,
      contestant,
      shape: { talks: fiveServers, log: 'every line' } as const,
    }));
    await withAll(bench, entries, async (competitors) => {
      for (const competitor of competitors) await fill(bench, competitor, clientCount);
      await warmUp(bench, competitors, (competitor) => closedOrderFor(bench, competitor));
      const capacities = await capacitiesOf(bench, competitors);
      for (const [load, part] of Object.entries(loads)) {
        const results = await interleaved(bench.effort.rounds, competitors, (competitor) =>
          playTurn(bench, competitor, orderFor(bench, competitor, part * (capacities.get(competitor.name) ?? 0))),
        );
        for (const { name } of competitors) note(bench, `${name}, ${load}`, results.get(name) ?? []);
      }
    });
  },
};

/** What each sustains with one command in flight on each of 64 connections: what a load at a fixed rate is like. */
async function capacitiesOf(bench: Bench, competitors: readonly Competitor[]): Promise<Map<string, number>> {
  const results = await interleaved(3, competitors, (competitor) =>
    playTurn(bench, competitor, closedOrderFor(bench, competitor)),
  );
  return new Map([...results].map(([name, rounds]) => [name, median(rounds.map(rateOf))]));
}

function closedOrderFor(bench: Bench, competitor: Competitor): LoadOrder {
  return { ...orderFor(bench, competitor, 1), pace: { kind: 'closed', depth: 1 }, probe: undefined };
}

function orderFor(bench: Bench, competitor: Competitor, perSecond: number): LoadOrder {
  const { warmUpMs, measureMs } = bench.effort;
  const { ports } = competitor.running;
  return {
    ...targetOf(competitor),
    workload: 'iamat',
    pace: { kind: 'open', perSecond },
    connections: 64,
    clients: clientCount,
    warmUpMs,
    warmUpRounds: 0,
    measureMs,
    behindAllowedMs: Infinity,
    probe: { tell: ports.get(first) ?? 0, ask: ports.get(furthest) ?? 0, everyMs },
  };
}

function note(bench: Bench, subject: string, results: readonly LoadResult[]): void {
  const of = { measure: latency.name, subject, unit: 'ms' } as const;
  const add = (metric: string, of_: (result: LoadResult) => number | undefined) => {
    const values = results.flatMap((result) => of_(result) ?? []);
    if (values.length > 0) bench.figures.add({ ...of, metric, values: values.map((micros) => micros / 1_000) });
  };
  add('knows, p50', ({ spread }) => spread?.p50);
  add('knows, p99', ({ spread }) => spread?.p99);
  add('answered, p50', ({ latency: each }) => each?.p50);
  add('answered, p99', ({ latency: each }) => each?.p99);
  add('sent late, p99', ({ lateness }) => lateness?.p99);
}
