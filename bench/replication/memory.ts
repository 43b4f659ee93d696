import { spawnSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { natsServer } from '../systems/nats-herd.js';
import { playTurn, withAll, type Competitor } from '../benchmarks/field.js';
import type { Bench, Measure } from '../benchmarks/measure.js';
import { fill, targetOf } from '../benchmarks/throughput.js';
import { memoryBytes } from '../support/process-table.js';
import { timeToLoad } from './joiner.js';
import { shapesOf, told } from './shapes.js';

/** Clients that are filled in, and how often 64 are reported before: a heap is then as large as the work makes it. */
const sizes = { full: { clients: 200_000, before: 1_500 }, quick: { clients: 20_000, before: 200 } } as const;

/** What a client takes in each of two servers, and in a nats-server; and how long a server that starts empty takes to know all. */
export const spreadMemory: Measure = {
  name: 'spread, memory',
  title:
    'What one more client takes in a herd of two, and how long a server that joins takes for each, once its doors are open',
  runs: 'never',
  async run(bench) {
    const entries = shapesOf(2).map(({ name, contestant, talks }) => ({
      name,
      contestant,
      shape: { talks, log: 'every line' } as const,
    }));
    // One after the other: what fills one must not be in the caches of the other.
    for (const entry of entries) await withAll(bench, [entry], (competitors) => measureEach(bench, competitors));
  },
};

async function measureEach(bench: Bench, [competitor]: readonly Competitor[]): Promise<void> {
  if (competitor === undefined) return;
  const { clients, before } = sizes[bench.effort.kind];
  await reportFew(bench, competitor, before);
  const empty = await settled(competitor);
  await fill(bench, competitor, clients);
  const held = await settled(competitor);
  const add = (metric: string, unit: 'bytes' | 'µs', value: number): void =>
    bench.figures.add({ measure: spreadMemory.name, subject: competitor.name, metric, unit, values: [value] });
  add('memory, first server', 'bytes', (held.told - empty.told) / clients);
  add('memory, other server', 'bytes', (held.other - empty.other) / clients);
  if (competitor.running.bucketFolder !== undefined) {
    add('memory, nats-server', 'bytes', (held.nats - empty.nats) / clients);
    add('disk, nats-server', 'bytes', (held.disk - empty.disk) / clients);
  }
  const joined = await timeToLoad(competitor.running);
  add('joins', 'µs', (joined.ms * 1_000) / joined.clients);
  bench.say(`  ${competitor.name} servers: ${joined.clients} clients known after ${(joined.ms / 1_000).toFixed(2)} s`);
}

function reportFew(bench: Bench, competitor: Competitor, rounds: number): Promise<unknown> {
  return playTurn(bench, competitor, {
    ...targetOf(competitor),
    workload: 'iamat',
    pace: { kind: 'closed', depth: 16 },
    connections: 64,
    clients: 64,
    warmUpMs: 0,
    warmUpRounds: rounds,
    measureMs: 100,
    behindAllowedMs: 400,
  });
}

interface Held {
  readonly told: number;
  readonly other: number;
  readonly nats: number;
  readonly disk: number;
}

/** What processes hold, in bytes, and what is on the disk, once they have rested. */
async function settled({ running }: Competitor): Promise<Held> {
  await pause(3_000);
  const memoryOf = (process: string | undefined) => {
    const pid = running.pids.get(process ?? '');
    return pid === undefined ? 0 : memoryBytes(pid, 'now');
  };
  const other = [...running.ports.keys()].find((server) => server !== told);
  const { bucketFolder } = running;
  return {
    told: memoryOf(told),
    other: memoryOf(other),
    nats: memoryOf(natsServer),
    disk: bucketFolder === undefined ? 0 : diskBytes(bucketFolder),
  };
}

function diskBytes(folder: string): number {
  return Number(spawnSync('du', ['-sB1', folder], { encoding: 'latin1' }).stdout.split('\t')[0]);
}
