import { bareNode, herd, herdInOne } from '../contestants/all.js';
import { fiveServers, type Contestant } from '../contestants/contestant.js';
import type { Entry } from './field.js';
import type { Measure } from './measure.js';
import { throughput } from './throughput.js';

const logged = (contestant: Contestant): Entry => ({
  name: contestant.name,
  contestant,
  shape: { talks: fiveServers, log: 'every line' },
});

function field(): readonly Entry[] {
  return [
    logged(herd),
    logged(herdInOne),
    logged(bareNode),
    { name: 'bare Node, no log', contestant: bareNode, shape: { talks: fiveServers, log: 'none' } },
  ];
}

/** All measures, in the order in which they are made. */
export const measures: readonly Measure[] = [
  throughput({
    name: 'pipelined',
    title: 'IAMAT, 64 connections, 16 in flight on each',
    quick: true,
    load: { workload: 'iamat', pace: { kind: 'closed', depth: 16 }, connections: 64 },
    entries: field,
  }),
  throughput({
    name: 'one in flight',
    title: 'IAMAT, 64 connections, one in flight on each',
    quick: true,
    load: { workload: 'iamat', pace: { kind: 'closed', depth: 1 }, connections: 64 },
    entries: field,
  }),
];
