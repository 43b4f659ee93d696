import { first } from '../systems/contestant.js';
import type { LoadOrder, LoadResult } from '../load/order.js';
import { memoryBytes } from '../support/process-table.js';
import { interleaved, playTurn, warmUp, withAll, type Competitor, type Entry } from './field.js';
import type { Bench, Measure, Occasion } from './measure.js';

/** Clients of the load: so many that none is reported again while it may still be on its way through the herd. */
export const clientCount = 16_384;

/** Updates must be known everywhere that soon after the end of the load; else the rate is not sustained. */
const knownWithinMs = 1_000;

/** The load is held back while a server is further behind than the first of these, and at least than the second. */
export const behindAllowedMs = 400;
const behindLeastMs = 100;

/** A generator that uses more of its core than this may be the limit itself. */
const ownShareMost = 0.9;

/** What is told apart from one measure of throughput to the next. */
export interface Throughput {
  readonly name: string;
  readonly title: string;
  readonly runs: Occasion;
  readonly load: Pick<LoadOrder, 'workload' | 'pace' | 'connections'>;
  /** Other than the workload of the load, for those who speak another language. */
  readonly workloads?: Readonly<Record<string, LoadOrder['workload']>>;
  /** Whether all clients are reported before anything else. */
  readonly prefill?: boolean;
  entries(bench: Bench): readonly Entry[];
}

/** As many commands a second as a herd sustains, and what each of them costs. */
export function throughput(what: Throughput): Measure {
  return {
    ...what,
    async run(bench) {
      const { rounds } = bench.effort;
      await withAll(bench, what.entries(bench), async (competitors) => {
        for (const competitor of what.prefill === true ? competitors : []) await fill(bench, competitor, clientCount);
        await warmUp(bench, competitors, (competitor) => firstOrderFor(bench, what, competitor));
        const results = await interleaved(rounds, competitors, async (competitor, round) => {
          const result = await sustained(
            (order) => playTurn(bench, competitor, order),
            orderFor(bench, what, competitor),
          );
          bench.say(`  round ${round + 1} of ${rounds}: ${competitor.name} ${rateOf(result).toFixed(0)}/s`);
          return result;
        });
        for (const competitor of competitors) note(bench, what, competitor, results.get(competitor.name) ?? []);
      });
    },
  };
}

/** Reports so many clients, and waits until all servers know them. */
export async function fill(bench: Bench, competitor: Competitor, clients: number): Promise<void> {
  await playTurn(bench, competitor, {
    ...targetOf(competitor),
    workload: 'iamat',
    pace: { kind: 'closed', depth: 16 },
    connections: 64,
    clients,
    warmUpMs: 0,
    warmUpRounds: 1,
    measureMs: 100,
    behindAllowedMs,
  });
}

/** In the first turn all clients are reported once. */
function firstOrderFor(bench: Bench, what: Throughput, competitor: Competitor): LoadOrder {
  const order = orderFor(bench, what, competitor);
  return order.pace.kind === 'closed' && what.prefill !== true ? { ...order, warmUpRounds: 1 } : order;
}

function orderFor(bench: Bench, what: Throughput, competitor: Competitor): LoadOrder {
  const { warmUpMs, measureMs } = bench.effort;
  return {
    ...targetOf(competitor),
    ...what.load,
    workload: what.workloads?.[competitor.name] ?? what.load.workload,
    clients: clientCount,
    warmUpMs,
    warmUpRounds: 0,
    measureMs,
    behindAllowedMs,
  };
}

/** The server that gets the load, those that must come to know it, and all processes. */
export function targetOf({ running }: Competitor): Pick<LoadOrder, 'port' | 'watched' | 'pids'> {
  const { ports, pids } = running;
  const server = ports.has(first) ? first : ([...ports.keys()][0] ?? '');
  return {
    port: ports.get(server) ?? 0,
    watched: [...ports].filter(([each]) => each !== server).map(([, port]) => port),
    pids: [...pids.values()],
  };
}

/** Plays a turn; again, with the load held back sooner, if the herd did not keep up. */
export async function sustained<Result extends LoadResult>(
  play: (order: LoadOrder) => Promise<Result>,
  order: LoadOrder,
): Promise<Result> {
  const result = await play(order);
  if (result.drainMs <= knownWithinMs || order.behindAllowedMs < behindLeastMs) return result;
  return sustained(play, { ...order, behindAllowedMs: order.behindAllowedMs / 2 });
}

/** Answers a second; none if the herd did not keep up. */
export function rateOf({ answers, windowMs, drainMs }: LoadResult): number {
  return drainMs > knownWithinMs ? 0 : (answers * 1_000) / windowMs;
}

function note(bench: Bench, what: Throughput, { name, running }: Competitor, results: readonly LoadResult[]): void {
  const { figures } = bench;
  const of = { measure: what.name, subject: name };
  const pids = [...running.pids.keys()];
  const cpuMs = (result: LoadResult, which: (server: string) => boolean) =>
    result.whole.cpuMs.reduce((sum, ms, index) => (which(pids[index] ?? '') ? sum + ms : sum), 0);
  const micros = (which: (server: string) => boolean) =>
    results.map((result) => (cpuMs(result, which) * 1_000) / result.whole.answers);
  figures.add({ ...of, metric: 'rate', unit: 'a second', values: results.map(rateOf) });
  if (running.pids.has(first)) {
    figures.add({ ...of, metric: 'CPU, first server', unit: 'µs', values: micros((server) => server === first) });
  }
  figures.add({ ...of, metric: 'CPU, herd', unit: 'µs', values: micros(() => true) });
  const peak = [...running.pids.values()].reduce((sum, pid) => sum + memoryBytes(pid, 'peak'), 0);
  figures.add({ ...of, metric: 'peak memory', unit: 'MB', values: [peak / 1_048_576] });
  figures.add({ ...of, metric: 'behind at most', unit: 'ms', values: results.map(({ behindMs }) => behindMs) });
  figures.add({ ...of, metric: 'all known after', unit: 'ms', values: results.map(({ drainMs }) => drainMs) });
  figures.add({ ...of, metric: 'generator', unit: 'part', values: results.map(({ ownShare }) => ownShare) });
  if (results.some(({ drainMs }) => drainMs > knownWithinMs)) {
    figures.note(`${what.title}, ${name}: the herd did not keep up in every round; such a round counts as none`);
  }
  if (results.some(({ ownShare }) => ownShare >= ownShareMost)) {
    figures.note(`${what.title}, ${name}: the load generator was at its own limit; the rate may be higher`);
  }
}
