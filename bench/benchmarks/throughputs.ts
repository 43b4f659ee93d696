import { asyncio, bareNode, herd, herdInOne, sink, twisted } from '../systems/all.js';
import { fiveServers, singleServer, type BenchSystem, type TopologyInput } from '../systems/system.js';
import { HerdSystem } from '../systems/herd.js';
import { redis } from '../systems/redis.js';
import type { LoadJob } from '../load/load-job.js';
import type { LineupEntry } from './lineup.js';
import type { BenchContext, Benchmark } from './benchmark.js';
import { throughputBenchmark } from './throughput.js';

/** Number of connections in all throughput benchmarks. */
const connections = 64;

const featureHerd = (name: string, settings: Readonly<Record<string, unknown>>) =>
  new HerdSystem(name, { processes: 'one-per-server', settings });
const withStore = featureHerd('with the store on disk', { store: { path: 'store' } });
const withoutAntiEntropy = featureHerd('without anti-entropy', { peers: { antiEntropySeconds: 86_400 } });
const withoutHttp = new HerdSystem('without WebSocket and HTTP', { processes: 'one-per-server', http: 'without-http' });

const closedLoop = (depth: number, workload: LoadJob['workload'] = 'iamat') => ({
  workload,
  mode: { kind: 'closed', depth } as const,
  connections,
});

function withLog(system: BenchSystem, topology: TopologyInput = fiveServers): LineupEntry {
  return { name: system.name, system, shape: { topology, log: 'every-line' } };
}

function withoutLog(system: BenchSystem): LineupEntry {
  return { name: `${system.name}, no log`, system, shape: { topology: fiveServers, log: 'none' } };
}

/** A quick run leaves out the Python baselines, because storing all clients alone takes them too long. */
const inFullRun = ({ settings }: BenchContext, entries: readonly LineupEntry[]) =>
  settings.kind === 'full' ? entries : [];

const alone = [herd, redis, sink].map((system) => withLog(system, singleServer));
const geoadd = { [redis.name]: 'geoadd' } as const;

/** Queries and reports at one server, which an upstream response in the cache answers and which every line of is logged. */
const cachedQueries = { ...withLog(herd, singleServer), name: 'WHATSAT from the cache' };
const reports = { ...withLog(herd, singleServer), name: 'IAMAT' };

/** All throughput benchmarks. Those with WHATSAT leave the baselines out, which have no upstream. */
export const throughputBenchmarks: readonly Benchmark[] = [
  throughputBenchmark({
    name: 'pipelined',
    title: 'IAMAT, 64 connections, 16 in flight on each',
    occasion: 'every-run',
    load: closedLoop(16),
    entries: (bench) => [
      ...[herd, herdInOne, bareNode].map((system) => withLog(system)),
      ...[herd, bareNode].map(withoutLog),
      ...inFullRun(bench, [withLog(twisted), withLog(asyncio)]),
    ],
  }),
  throughputBenchmark({
    name: 'one-in-flight',
    title: 'IAMAT, 64 connections, one in flight on each',
    occasion: 'every-run',
    load: closedLoop(1),
    entries: (bench) => [withLog(herd), withLog(bareNode), ...inFullRun(bench, [withLog(twisted)])],
  }),
  throughputBenchmark({
    name: 'connection-per-command',
    title: 'IAMAT, one connection per command, 64 at a time',
    occasion: 'full-run',
    load: { workload: 'iamat', mode: { kind: 'connection-per-command' }, connections },
    entries: () => [herd, twisted, bareNode].map((system) => withLog(system)),
  }),
  throughputBenchmark({
    name: 'alone-pipelined',
    title: 'Single server, 64 connections, 16 in flight on each',
    occasion: 'every-run',
    load: closedLoop(16),
    workloads: geoadd,
    entries: () => alone,
  }),
  throughputBenchmark({
    name: 'alone-one-in-flight',
    title: 'Single server, 64 connections, one in flight on each',
    occasion: 'full-run',
    load: closedLoop(1),
    workloads: geoadd,
    entries: () => alone,
  }),
  throughputBenchmark({
    name: 'whatsat',
    title: 'Single server, WHATSAT for one position and IAMAT, 64 connections, 16 in flight on each',
    occasion: 'full-run',
    load: closedLoop(16),
    workloads: { [cachedQueries.name]: 'whatsat' },
    prefill: true,
    entries: () => [cachedQueries, reports],
  }),
  throughputBenchmark({
    name: 'features',
    title: 'Cost of features: IAMAT, 64 connections, 16 in flight on each, five processes',
    occasion: 'never',
    load: closedLoop(16),
    entries: () => [
      { ...withLog(herd), name: 'default' },
      ...[withStore, withoutHttp, withoutAntiEntropy].map((system) => withLog(system)),
    ],
  }),
];
