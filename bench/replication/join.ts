import { setTimeout as pause } from 'node:timers/promises';
import type { BenchContext, Benchmark } from '../benchmarks/benchmark.js';
import { readHerdState, readMetric } from '../support/herd-state.js';
import { memberNames, NatsHerd, natsMissingReason } from '../systems/nats-herd.js';
import { AckedTimes } from './acked-times.js';
import { SteadyLoad } from './steady-load.js';

const memberCount = 6;
const clients = { full: 100_000, quick: 10_000 } as const;
/** Fewer rounds than elsewhere, because each one starts a herd. */
const maxRounds = 3;
/** Commands per second and member, one of ten a query. */
const commandsPerMember = 500;
const beforeMs = { full: 20_000, quick: 3_000 } as const;

/** A member joins under load: what is moved, and response times of the others. */
export const natsJoin: Benchmark = {
  name: 'nats-join',
  title: `A seventh member joins ${memberCount} on NATS under load, replicas: 3; it runs with the lowest priority on their core`,
  occasion: 'never',
  async run(bench) {
    const missing = natsMissingReason();
    if (missing !== undefined) {
      bench.figures.note(`${natsJoin.name}: left out (${missing})`);
      return;
    }
    const results: JoinResult[] = [];
    for (let round = 0; round < Math.min(maxRounds, bench.settings.rounds); round += 1) {
      const result = await measureJoin(bench);
      results.push(result);
      bench.print(`  round ${round + 1}: joined after ${(result.joinMs / 1_000).toFixed(1)} s`);
    }
    const add = (metric: string, unit: 's' | 'ms' | 'MB', value: (result: JoinResult) => number): void =>
      bench.figures.add({ benchmark: natsJoin.name, subject: joinSubject, metric, unit, values: results.map(value) });
    add('joined after', 's', ({ joinMs }) => joinMs / 1_000);
    add('moved', 'MB', ({ movedBytes }) => movedBytes / 1e6);
    add('its partitions', 'MB', ({ idealBytes }) => idealBytes / 1e6);
    add('response p99, before', 'ms', ({ p99BeforeMs }) => p99BeforeMs);
    add('response p99, meanwhile', 'ms', ({ p99MeanwhileMs }) => p99MeanwhileMs);
  },
};

/** Name of the herd in the figures. */
export const joinSubject = 'seventh of seven';

interface JoinResult {
  /** From the start of the process until all partitions have all their holders. */
  readonly joinMs: number;
  readonly movedBytes: number;
  /** Size of the locations that the new member holds, as lines. */
  readonly idealBytes: number;
  readonly p99BeforeMs: number;
  readonly p99MeanwhileMs: number;
}

async function measureJoin(bench: BenchContext): Promise<JoinResult> {
  const herd = await NatsHerd.start({ members: memberCount, joining: 1 });
  try {
    const load = await SteadyLoad.connect(
      {
        ports: herd.ports,
        members: memberNames(memberCount),
        perSecond: commandsPerMember,
        connectionsPerMember: 20,
        clients: clients[bench.settings.kind],
        queryShare: 0.1,
      },
      new AckedTimes(0),
    );
    await load.fill();
    load.start();
    await pause(bench.settings.initialWarmUpMs);
    await herd.waitUntilSettled();
    load.reset();
    await pause(beforeMs[bench.settings.kind]);
    const p99BeforeMs = load.quantileMs(0.99);
    const movedBefore = await sumMoved(herd);
    const joining = memberNames(memberCount + 1).at(-1) ?? '';
    load.reset();
    const startedMs = performance.now();
    await herd.startMember(joining, 19);
    await herd.waitUntilSettled();
    const joinMs = performance.now() - startedMs;
    const p99MeanwhileMs = load.quantileMs(0.99);
    const movedBytes = (await sumMoved(herd)) - movedBefore;
    const { locations = 0 } = (await readHerdState(herd.httpPorts.get(joining) ?? 0)) ?? {};
    const idealBytes = locations * load.meanLineBytes;
    if (load.wrongCount > 0) bench.figures.note(`${natsJoin.name}: ${load.wrongCount} wrong or missing responses`);
    await load.stop();
    return { joinMs, movedBytes, idealBytes, p99BeforeMs, p99MeanwhileMs };
  } finally {
    await herd.stop();
  }
}

async function sumMoved(herd: NatsHerd): Promise<number> {
  const moved = await Promise.all(
    herd.members.map((name) => readMetric(herd.httpPorts.get(name) ?? 0, 'herd_partition_moved_bytes_total')),
  );
  return moved.reduce((sum, bytes) => sum + bytes, 0);
}
