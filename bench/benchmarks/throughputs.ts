import { asyncio, bareNode, herd, herdInOne, twisted } from '../systems/all.js';
import { fiveServers, type BenchSystem, type TopologyInput } from '../systems/system.js';
import { HerdSystem } from '../systems/herd.js';
import { redis } from '../systems/redis.js';
import type { LoadJob } from '../load/load-job.js';
import type { LineupEntry } from './lineup.js';
import type { BenchContext, Benchmark } from './benchmark.js';
import { throughputBenchmark } from './throughput.js';

/** Number of connections in all throughput benchmarks. */
const connections = 64;

const withStore = new HerdSystem('with the store on disk', 'one-per-server', { store: { path: 'store' } });
const withoutHttp = new HerdSystem('without WebSocket and HTTP', 'one-per-server', {}, 'without-http');
const withoutAntiEntropy = new HerdSystem('without anti-entropy', 'one-per-server', {
  peers: { antiEntropySeconds: 86_400 },
});

const closedLoop = (depth: number, workload: LoadJob['workload'] = 'iamat') => ({
  workload,
  mode: { kind: 'closed', depth } as const,
  connections,
});

function withLog(system: BenchSystem, topology: TopologyInput = fiveServers): LineupEntry {
  return { name: system.name, system, shape: { topology, log: 'every-line' } };
}

function withoutLog(system: BenchSystem, topology: TopologyInput = fiveServers): LineupEntry {
  return { name: `${system.name}, no log`, system, shape: { topology, log: 'none' } };
}

const allSystems = () => [
  withLog(herd),
  withLog(herdInOne),
  withLog(twisted),
  withLog(asyncio),
  withLog(bareNode),
  withoutLog(bareNode),
];

/** A quick run leaves out the Python baselines, because storing all clients alone takes them too long. */
const systemsForRun = ({ settings }: BenchContext) =>
  settings.kind === 'full' ? allSystems() : [withLog(herd), withLog(bareNode)];

const singleServerTopology: TopologyInput = { Metta: [] };
const singleServerSystems = ({ settings }: BenchContext) => [
  withLog(herd, singleServerTopology),
  withLog(redis, singleServerTopology),
  ...(settings.kind === 'full'
    ? [withLog(bareNode, singleServerTopology), withoutLog(bareNode, singleServerTopology)]
    : []),
];
const geoadd = { [redis.name]: 'geoadd' } as const;

/** All throughput benchmarks. Those with WHATSAT leave the baselines out, which have no upstream. */
export const throughputBenchmarks: readonly Benchmark[] = [
  throughputBenchmark({
    name: 'pipelined',
    title: 'IAMAT, 64 connections, 16 in flight on each',
    occasion: 'every-run',
    load: closedLoop(16),
    entries: systemsForRun,
  }),
  throughputBenchmark({
    name: 'one in flight',
    title: 'IAMAT, 64 connections, one in flight on each',
    occasion: 'every-run',
    load: closedLoop(1),
    entries: systemsForRun,
  }),
  throughputBenchmark({
    name: 'connection per command',
    title: 'IAMAT, one connection per command, 64 at a time',
    occasion: 'full-run',
    load: { workload: 'iamat', mode: { kind: 'connection-per-command' }, connections },
    entries: () => [herd, herdInOne, twisted, bareNode].map((each) => withLog(each)),
  }),
  throughputBenchmark({
    name: 'single server, pipelined',
    title: 'Single server, 64 connections, 16 in flight on each',
    occasion: 'every-run',
    load: closedLoop(16),
    workloads: geoadd,
    entries: singleServerSystems,
  }),
  throughputBenchmark({
    name: 'single server, one in flight',
    title: 'Single server, 64 connections, one in flight on each',
    occasion: 'full-run',
    load: closedLoop(1),
    workloads: geoadd,
    entries: singleServerSystems,
  }),
  throughputBenchmark({
    name: 'whatsat',
    title: 'WHATSAT for one position, 64 connections, 4 in flight on each',
    occasion: 'full-run',
    load: closedLoop(4, 'whatsat'),
    prefill: true,
    entries: () => [withLog(herd), withLog(herdInOne)],
  }),
  throughputBenchmark({
    name: 'mixed',
    title: 'Nine IAMAT per WHATSAT, 64 connections, 16 in flight on each',
    occasion: 'full-run',
    load: closedLoop(16, 'mixed'),
    prefill: true,
    entries: () => [withLog(herd), withLog(herdInOne)],
  }),
  throughputBenchmark({
    name: 'features',
    title: 'Cost of features: IAMAT, 64 connections, 16 in flight on each, five processes',
    occasion: 'full-run',
    load: closedLoop(16),
    entries: () => [
      { ...withLog(herd), name: 'default' },
      { ...withoutLog(herd), name: 'without the log' },
      withLog(withStore),
      withLog(withoutHttp),
      withLog(withoutAntiEntropy),
    ],
  }),
];
