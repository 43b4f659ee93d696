import { spawnSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { natsProcessName } from '../systems/nats-herd.js';
import { withSystems, type RunningEntry } from '../benchmarks/lineup.js';
import type { BenchContext, Benchmark } from '../benchmarks/benchmark.js';
import { fillStores } from '../benchmarks/throughput.js';
import { memoryBytes } from '../support/process-table.js';
import { measureJoinTime } from './join-time.js';
import { replicationShapes, reportedServer } from './shapes.js';

/** Number of clients that are stored, and rounds of 64 clients before, after which the heap has grown to its working size. */
const sizes = {
  full: { clients: 200_000, warmUpRounds: 1_500 },
  quick: { clients: 20_000, warmUpRounds: 200 },
} as const;

/** Memory per client in a herd of two and in the nats-server, and the time that an empty server needs to receive all clients. */
export const replicationMemory: Benchmark = {
  name: 'replication-memory',
  title: 'Memory per client in a herd of two, and join time per client of an empty server, from its first response',
  occasion: 'never',
  async run(bench) {
    const entries = replicationShapes(2).map(({ name, system, topology }) => ({
      name,
      system,
      shape: { topology, log: 'every-line' } as const,
    }));
    // Sequentially, so that the herds do not compete for CPU caches.
    for (const entry of entries)
      await withSystems(bench, [entry], (runningEntries) => measureEach(bench, runningEntries));
  },
};

async function measureEach(bench: BenchContext, [runningEntry]: readonly RunningEntry[]): Promise<void> {
  if (runningEntry === undefined) return;
  const { clients, warmUpRounds } = sizes[bench.settings.kind];
  await fillStores(bench, runningEntry, 64, warmUpRounds);
  const empty = await measureSettled(runningEntry);
  await fillStores(bench, runningEntry, clients);
  const filled = await measureSettled(runningEntry);
  const add = (metric: string, unit: 'bytes' | 'µs', value: number): void =>
    bench.figures.add({ benchmark: replicationMemory.name, subject: runningEntry.name, metric, unit, values: [value] });
  add('memory, first server', 'bytes', (filled.firstServer - empty.firstServer) / clients);
  add('memory, other server', 'bytes', (filled.otherServer - empty.otherServer) / clients);
  if (runningEntry.runningSystem.bucketFolder !== undefined) {
    add('memory, nats-server', 'bytes', (filled.nats - empty.nats) / clients);
    add('disk, nats-server', 'bytes', (filled.disk - empty.disk) / clients);
  }
  const joined = await measureJoinTime(runningEntry.runningSystem);
  add('join time', 'µs', (joined.ms * 1_000) / joined.clients);
  bench.print(
    `  ${runningEntry.name} servers: ${joined.clients} clients received after ${(joined.ms / 1_000).toFixed(2)} s`,
  );
}

/** Memory of the processes and disk use of the nats-server, in bytes. */
interface MemoryUse {
  readonly firstServer: number;
  readonly otherServer: number;
  readonly nats: number;
  readonly disk: number;
}

/** Measures memory and disk use after a pause for garbage collection. */
async function measureSettled({ runningSystem }: RunningEntry): Promise<MemoryUse> {
  await pause(3_000);
  const memoryOf = (process: string | undefined) => {
    const pid = runningSystem.pids.get(process ?? '');
    return pid === undefined ? 0 : memoryBytes(pid, 'now');
  };
  const otherServer = [...runningSystem.ports.keys()].find((server) => server !== reportedServer);
  const { bucketFolder } = runningSystem;
  return {
    firstServer: memoryOf(reportedServer),
    otherServer: memoryOf(otherServer),
    nats: memoryOf(natsProcessName),
    disk: bucketFolder === undefined ? 0 : diskBytes(bucketFolder),
  };
}

function diskBytes(folder: string): number {
  return Number(spawnSync('du', ['-sB1', folder], { encoding: 'latin1' }).stdout.split('\t')[0]);
}
