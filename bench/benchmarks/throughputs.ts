import { asyncio, bareNode, herd, herdInOne, twisted } from '../systems/all.js';
import { fiveServers, type Contestant, type Talks } from '../systems/contestant.js';
import { Herd } from '../systems/herd.js';
import { redis } from '../systems/redis.js';
import type { LoadOrder } from '../load/order.js';
import type { Entry } from './field.js';
import type { Bench, Measure } from './measure.js';
import { throughput } from './throughput.js';

/** Every measure of throughput has that many connections. */
const connections = 64;

const stored = new Herd('with the store on disk', 'one a server', { store: { path: 'store' } });
const webless = new Herd('without WebSocket and HTTP', 'one a server', {}, 'no web');
const unrepaired = new Herd('without comparing digests', 'one a server', { links: { repairSeconds: 86_400 } });

const closed = (depth: number, workload: LoadOrder['workload'] = 'iamat') => ({
  workload,
  pace: { kind: 'closed', depth } as const,
  connections,
});

function logged(contestant: Contestant, talks: Talks = fiveServers): Entry {
  return { name: contestant.name, contestant, shape: { talks, log: 'every line' } };
}

function silent(contestant: Contestant, talks: Talks = fiveServers): Entry {
  return { name: `${contestant.name}, no log`, contestant, shape: { talks, log: 'none' } };
}

const everybody = () => [
  logged(herd),
  logged(herdInOne),
  logged(twisted),
  logged(asyncio),
  logged(bareNode),
  silent(bareNode),
];

/** The first reports of all clients alone take those in Python longer than a quick run may. */
const manyOrFew = ({ effort }: Bench) => (effort.kind === 'full' ? everybody() : [logged(herd), logged(bareNode)]);

const alone: Talks = { Metta: [] };
const thoseAlone = ({ effort }: Bench) => [
  logged(herd, alone),
  logged(redis, alone),
  ...(effort.kind === 'full' ? [logged(bareNode, alone), silent(bareNode, alone)] : []),
];
const geoadd = { [redis.name]: 'geoadd' } as const;

/** All measures of throughput. Those of WHATSAT leave the yardsticks out: they have no upstream. */
export const throughputs: readonly Measure[] = [
  throughput({
    name: 'pipelined',
    title: 'IAMAT, 64 connections, 16 in flight on each',
    runs: 'every run',
    load: closed(16),
    entries: manyOrFew,
  }),
  throughput({
    name: 'one in flight',
    title: 'IAMAT, 64 connections, one in flight on each',
    runs: 'every run',
    load: closed(1),
    entries: manyOrFew,
  }),
  throughput({
    name: 'connection each',
    title: 'IAMAT, a connection for each command, 64 at once',
    runs: 'full run',
    load: { workload: 'iamat', pace: { kind: 'connection each' }, connections },
    entries: () => [herd, herdInOne, twisted, bareNode].map((each) => logged(each)),
  }),
  throughput({
    name: 'alone, pipelined',
    title: 'One server alone, 64 connections, 16 in flight on each',
    runs: 'every run',
    load: closed(16),
    workloads: geoadd,
    entries: thoseAlone,
  }),
  throughput({
    name: 'alone, one in flight',
    title: 'One server alone, 64 connections, one in flight on each',
    runs: 'full run',
    load: closed(1),
    workloads: geoadd,
    entries: thoseAlone,
  }),
  throughput({
    name: 'whatsat',
    title: 'WHATSAT for one place, 64 connections, 4 in flight on each',
    runs: 'full run',
    load: closed(4, 'whatsat'),
    prefill: true,
    entries: () => [logged(herd), logged(herdInOne)],
  }),
  throughput({
    name: 'mixed',
    title: 'Nine IAMAT to one WHATSAT, 64 connections, 16 in flight on each',
    runs: 'full run',
    load: closed(16, 'mixed'),
    prefill: true,
    entries: () => [logged(herd), logged(herdInOne)],
  }),
  throughput({
    name: 'features',
    title: 'What a feature costs: IAMAT, 64 connections, 16 in flight on each, five processes',
    runs: 'full run',
    load: closed(16),
    entries: () => [
      { ...logged(herd), name: 'as it is' },
      { ...silent(herd), name: 'without the log' },
      logged(stored),
      logged(webless),
      logged(unrepaired),
    ],
  }),
];
