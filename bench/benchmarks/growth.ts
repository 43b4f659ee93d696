import { herd } from '../systems/all.js';
import { loadedServer, singleServer, type TopologyInput } from '../systems/system.js';
import type { LoadJob } from '../load/load-job.js';
import { runInterleaved, runTurn, warmUpSystems, withSystems, type RunningEntry, type LineupEntry } from './lineup.js';
import type { Benchmark, Occasion } from './benchmark.js';
import { cpuMicrosPerResponse, fillStores, targetFields } from './throughput.js';

/** One size of the growing quantity, with its herd and load. */
interface Step {
  readonly size: number;
  readonly topology: TopologyInput;
  readonly load: Pick<LoadJob, 'connections' | 'clients' | 'mode'>;
  /** Whether the CPU time of the first server or of the whole herd counts. */
  readonly cost: 'first server' | 'herd';
}

/** A benchmark of the CPU time per update by size of a quantity. */
function growthBenchmark(name: string, title: string, occasion: Occasion, steps: readonly Step[]): Benchmark {
  return {
    name,
    title,
    occasion,
    async run(bench) {
      const byName = new Map(steps.map((step) => [step.size.toLocaleString('en-GB'), step]));
      const entries = [...byName].map(([name, { topology }]): LineupEntry => ({
        name,
        system: herd,
        shape: { topology, log: 'every-line' },
      }));
      await withSystems(bench, entries, async (runningEntries) => {
        const stepOf = ({ name: size }: RunningEntry): Step => {
          const step = byName.get(size);
          if (step === undefined) throw new Error(`${name}: no step of size ${size}`);
          return step;
        };
        for (const runningEntry of runningEntries) {
          await fillStores(bench, runningEntry, stepOf(runningEntry).load.clients);
          bench.print(`  ${runningEntry.name}: filled`);
        }
        const jobOf = (runningEntry: RunningEntry): LoadJob => ({
          ...targetFields(runningEntry),
          ...stepOf(runningEntry).load,
          workload: 'iamat',
          warmUpMs: bench.settings.warmUpMs,
          warmUpRounds: 0,
          measureMs: bench.settings.measureMs,
          maxLagMs: 400,
        });
        await warmUpSystems(bench, runningEntries, jobOf);
        const results = await runInterleaved(bench.settings.rounds, runningEntries, async (runningEntry) => {
          const result = await runTurn(bench, runningEntry, jobOf(runningEntry));
          const isHerd = stepOf(runningEntry).cost === 'herd';
          return cpuMicrosPerResponse(result, runningEntry.runningSystem, isHerd ? undefined : loadedServer);
        });
        for (const [subject, values] of results) {
          bench.figures.add({ benchmark: name, subject, metric: 'CPU per update', unit: 'µs', values });
        }
      });
    },
  };
}

const pipelined = { kind: 'closed', depth: 16 } as const;

/** A fixed rate that every herd sustains, so that batching does not vary with the size. */
const fixedRate = { kind: 'open', perSecond: 2_000 } as const;

const starTopology = (neighbours: number): TopologyInput => ({
  Metta: Array.from({ length: neighbours }, (_, index) => `N${String(index + 1).padStart(2, '0')}`),
});

export const growthBenchmarks: readonly Benchmark[] = [
  growthBenchmark(
    'clients',
    'Cost of an update with two servers, by number of stored clients',
    'full-run',
    [1_000, 1_000_000].map((clients) => ({
      size: clients,
      topology: { Blake: ['Metta'] },
      load: { clients, connections: 32, mode: pipelined },
      cost: 'herd',
    })),
  ),
  growthBenchmark(
    'connections',
    'Cost of an update at a single server, 2,000 per second, by number of connections',
    'never',
    [1, 10, 100, 1_000, 10_000].map((connections) => ({
      size: connections,
      topology: singleServer,
      load: { clients: 20_000, connections, mode: fixedRate },
      cost: 'herd',
    })),
  ),
  growthBenchmark(
    'neighbours',
    'Cost of an update at the first server, 2,000 per second, by number of its neighbours',
    'never',
    [1, 2, 4, 8, 16, 32].map((neighbours) => ({
      size: neighbours,
      topology: starTopology(neighbours),
      load: { clients: 1_000, connections: 64, mode: fixedRate },
      cost: 'first server',
    })),
  ),
];
