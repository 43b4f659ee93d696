import { setTimeout as pause } from 'node:timers/promises';
import type { BenchContext, Benchmark } from '../benchmarks/benchmark.js';
import { LineClient } from '../support/line-client.js';
import { memberNames, NatsHerd, natsMissingReason } from '../systems/nats-herd.js';
import { AckedTimes } from './acked-times.js';
import { SteadyLoad } from './steady-load.js';

const memberCount = 6;
const clients = { full: 100_000, quick: 10_000 } as const;
/** Fewer rounds than elsewhere, because each one starts a herd. */
const maxRounds = 3;

/** Reports per second and member. */
const reportsPerMember = 500;
/** Lookups per second at each other member after the kill. */
const lookupsPerSecond = 1_000;

/** Time after the kill in which the other members do not yet know of it: three heartbeats, in milliseconds. */
const detectionMs = 6_000;
/** Time before the kill in which acknowledged reports may not have left the killed member, in milliseconds. */
const unsentMs = 100;
/** Time until other members have an acknowledged report, in milliseconds. */
const settleMs = 1_000;

/** A member is killed under load: lookups at the others, and the time until all partitions have all their holders. */
export const natsFailure: Benchmark = {
  name: 'nats-failure',
  title: `One of ${memberCount} members on NATS is killed under load, replicas: 3; each other one is queried for every client`,
  occasion: 'never',
  async run(bench) {
    const missing = natsMissingReason();
    if (missing !== undefined) {
      bench.figures.note(`${natsFailure.name}: left out (${missing})`);
      return;
    }
    const results: FailureResult[] = [];
    for (let round = 0; round < Math.min(maxRounds, bench.settings.rounds); round += 1) {
      const result = await measureFailure(bench);
      results.push(result);
      bench.print(
        `  round ${round + 1}: all partitions have three holders after ${(result.refilledMs / 1_000).toFixed(1)} s`,
      );
    }
    const of = { benchmark: natsFailure.name, subject: failureSubject };
    const seconds = results.map(({ refilledMs }) => refilledMs / 1_000);
    bench.figures.add({ ...of, metric: 'three holders after', unit: 's', values: seconds });
    // Sums, because a median would hide failures of one round.
    const add = (metric: string, value: (result: FailureResult) => number): void => {
      const sum = results.reduce((total, result) => total + value(result), 0);
      bench.figures.add({ ...of, metric, unit: 'count', values: [sum] });
    };
    add('lookups in the first 6 s', ({ early }) => early.correct + early.failed + early.stale);
    add('failed or stale of these', ({ early }) => early.failed + early.stale);
    add('lookups after', ({ late }) => late.correct + late.failed + late.stale);
    add('failed', ({ late }) => late.failed);
    add('stale', ({ late }) => late.stale);
  },
};

/** Name of the herd in the figures. */
export const failureSubject = 'five of six';

type LookupCounts = Record<'correct' | 'stale' | 'failed', number>;

interface FailureResult {
  readonly refilledMs: number;
  readonly early: LookupCounts;
  readonly late: LookupCounts;
}

async function measureFailure(bench: BenchContext): Promise<FailureResult> {
  const herd = await NatsHerd.start({ members: memberCount });
  const acked = new AckedTimes(settleMs);
  try {
    const load = await SteadyLoad.connect(
      {
        ports: herd.ports,
        members: memberNames(memberCount),
        perSecond: reportsPerMember,
        connectionsPerMember: 20,
        clients: clients[bench.settings.kind],
        queryShare: 0,
      },
      acked,
    );
    await load.fill();
    load.start();
    await pause(bench.settings.initialWarmUpMs);
    const [, , killed = ''] = memberNames(memberCount);
    const killedMs = performance.now();
    herd.kill(killed);
    const withdrawn = acked.withdraw(load.abandon(killed), killedMs - unsentMs);
    const [refilledMs, early] = await Promise.all([
      herd.waitUntilSettled().then(() => performance.now() - killedMs),
      lookUpAtAll(herd, acked, killedMs + detectionMs),
    ]);
    const late = await lookUpAtAll(herd, acked, Infinity);
    if (load.wrongCount > 0) bench.figures.note(`${natsFailure.name}: ${load.wrongCount} wrong or missing responses`);
    bench.print(`  ${withdrawn} reports of the last ${unsentMs} ms at the killed member are not expected to survive`);
    await load.stop();
    return { refilledMs, early, late };
  } finally {
    await herd.stop();
  }
}

/** Looks up every client at every member, at a fixed rate, until a time at the latest. */
async function lookUpAtAll(herd: NatsHerd, acked: AckedTimes, untilMs: number): Promise<LookupCounts> {
  const counts: LookupCounts = { correct: 0, stale: 0, failed: 0 };
  await Promise.all(
    herd.members.map(async (member) => {
      const client = await LineClient.connect(herd.ports.get(member) ?? 0);
      const pending: Promise<void>[] = [];
      const startedMs = performance.now();
      for (const [index, id] of acked.clients.entries()) {
        const aheadMs = startedMs + (index * 1_000) / lookupsPerSecond - performance.now();
        if (aheadMs > 0) await pause(aheadMs);
        const sentMs = performance.now();
        if (sentMs > untilMs) break;
        const judged = client.request(`WHATSAT ${id} 0 0`).then(
          (line) => acked.judge(id, line, sentMs),
          () => 'failed' as const,
        );
        pending.push(
          judged.then((verdict) => {
            counts[verdict] += 1;
          }),
        );
      }
      await Promise.all(pending);
      client.close();
    }),
  );
  return counts;
}
