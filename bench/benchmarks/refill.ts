import { earlierHerd, herd } from '../systems/all.js';
import { findServerPid } from '../systems/herd.js';
import type { RunningSystem } from '../systems/system.js';
import { readHerdState } from '../support/herd-state.js';
import { waitUntil } from '../support/wait-until.js';
import { ResponseTimer } from '../support/response-timer.js';
import { runInterleaved, withSystems } from './lineup.js';
import type { Benchmark } from './benchmark.js';
import { fillStores } from './throughput.js';

const clients = { full: 1_000_000, quick: 50_000 } as const;
const maxWaitMs = 300_000;

/** Server that is killed, and its neighbour, which refills it. */
const [emptied, neighbour] = ['Blake', 'Metta'] as const;

interface Refill {
  readonly refilledMs: number;
  readonly p99Ms: number;
}

/** Time that an empty server needs from its start until it has all locations of its neighbour, which serves clients meanwhile. */
export const refill: Benchmark = {
  name: 'refill',
  title: 'Refill of an empty server by its neighbour, 1,000,000 locations',
  occasion: 'full-run',
  async run(bench) {
    const entries = [herd, earlierHerd].map((system) => ({
      name: system.name,
      system,
      shape: { topology: { [emptied]: [neighbour] }, log: 'every-line' } as const,
    }));
    await withSystems(bench, entries, async (runningEntries) => {
      for (const runningEntry of runningEntries) {
        await fillStores(bench, runningEntry, clients[bench.settings.kind]);
        bench.print(`  ${runningEntry.name}: filled`);
      }
      const results = await runInterleaved(bench.settings.rounds, runningEntries, async ({ name, runningSystem }) => {
        const each = await measureRefill(runningSystem);
        bench.print(`  ${name}: refilled after ${(each.refilledMs / 1_000).toFixed(1)} s`);
        return each;
      });
      if (bench.settings.kind === 'quick') bench.figures.note(`refill: ${clients.quick} locations only`);
      for (const [subject, rounds] of results) {
        const add = (metric: string, unit: 's' | 'ms', values: readonly number[]) =>
          bench.figures.add({ benchmark: refill.name, subject, metric, unit, values });
        add('refilled after', 's', rounds.map(({ refilledMs }) => refilledMs / 1_000)); // prettier-ignore
        add('response of the neighbour, p99', 'ms', rounds.map(({ p99Ms }) => p99Ms)); // prettier-ignore
      }
    });
  },
};

/**
 * Kills the emptied server, whose parent restarts it. Returns the time from the start of its new process until it stores as many
 * clients as its neighbour, and the 99th percentile of the response times of its neighbour meanwhile.
 * @throws Error if it does not get there in time
 */
async function measureRefill({ ports, pids, httpPorts }: RunningSystem): Promise<Refill> {
  const storedAt = async (server: string) => (await readHerdState(httpPorts?.get(server) ?? 0))?.locations;
  const count = (await storedAt(neighbour)) ?? Infinity;
  const parent = pids.get('parent') ?? 0;
  const killed = findServerPid(parent, emptied);
  if (killed === undefined) throw new Error(`${emptied}: not running`);
  process.kill(killed, 'SIGKILL');
  await waitUntil(() => isReplaced(parent, killed), maxWaitMs, `${emptied}: not restarted`);
  const startedMs = performance.now();
  const timer = await ResponseTimer.start(ports.get(neighbour) ?? 0);
  try {
    const hasAll = async () => ((await storedAt(emptied)) ?? 0) >= count;
    await waitUntil(hasAll, maxWaitMs, `${emptied}: has not received all clients`);
    const refilledMs = performance.now() - startedMs;
    return { refilledMs, p99Ms: await timer.quantile(0.99) };
  } finally {
    timer.stop();
  }
}

function isReplaced(parent: number, killed: number): boolean {
  const pid = findServerPid(parent, emptied);
  return pid !== undefined && pid !== killed;
}
