import { Placement } from '../../src/actors/replication/partitions/placement.js';
import { formatTable } from '../../src/cli/shared/output.js';
import { partitionCount } from '../../src/protocol/place/digest.js';
import { asServerId } from '../../src/protocol/place/ids.js';
import type { Figures } from '../report/figure.js';
import { formatNumber } from '../report/number.js';
import { memberNames, replicas } from '../systems/nats-herd.js';
import { costMembers, natsCost, partitionsSubject } from './cost.js';

/** CPU time of a report, in microseconds. */
export interface ReportCosts {
  /** At the member that takes it: response, log, publication. */
  readonly takenMicros: number;
  /** At each holder. */
  readonly heldMicros: number;
  /** In the nats-servers, for all holders. */
  readonly natsMicros: number;
}

/** Assumptions of the plan that this benchmark does not measure; docs/explanation/scale.md explains them. */
export const assumptions = {
  reportIntervalSeconds: 10,
  /** Maximum average use of a core by a member; the rest is for bursts and repair. */
  maxCoreUse: 0.6,
  /** Memory of a location, as measured by the benchmark `memory`. */
  locationBytes: 130,
  heartbeatSeconds: 2,
} as const;

/** What a herd needs. */
export interface Demand {
  readonly reportsPerSecond: number;
  /** Partitions that the member with the most holds. */
  readonly mostPartitions: number;
  /** CPU use of that member, in cores. */
  readonly memberCores: number;
  readonly memberBytes: number;
  readonly natsCores: number;
  /** Presence messages that the nats-servers deliver. */
  readonly presencePerSecond: number;
}

const sizes = [
  [1_000_000, 10],
  [1_000_000, 20],
  [10_000_000, 50],
  [10_000_000, 100],
  [10_000_000, 200],
] as const;

/** Derives the costs from the figures of a run. @throws Error if one is missing */
export function deriveCosts(figures: Figures): ReportCosts {
  const valueOf = (metric: string): number => {
    const value = figures.median(natsCost.name, partitionsSubject, metric);
    if (value === undefined) throw new Error(`${natsCost.name}: ${metric} was not measured`);
    return value;
  };
  // The other members hold this many copies of a report on average.
  const copies = (replicas * (costMembers - 1)) / costMembers;
  return {
    takenMicros: valueOf('CPU, first server'),
    heldMicros: valueOf('CPU, other servers') / copies,
    natsMicros: valueOf('CPU, nats-server'),
  };
}

/** Computes what a herd of this size needs, its clients being spread evenly. */
export function demandOf(costs: ReportCosts, clients: number, members: number): Demand {
  const reportsPerSecond = clients / assumptions.reportIntervalSeconds;
  const mostPartitions = Math.max(...partitionsByMember(members));
  const held = mostPartitions / partitionCount;
  return {
    reportsPerSecond,
    mostPartitions,
    memberCores: (reportsPerSecond * (costs.takenMicros / members + held * costs.heldMicros)) / 1e6,
    memberBytes: clients * held * assumptions.locationBytes,
    natsCores: (reportsPerSecond * costs.natsMicros) / 1e6,
    presencePerSecond: (members * (members - 1)) / assumptions.heartbeatSeconds,
  };
}

/** Number of partitions that each member holds. */
function partitionsByMember(members: number): number[] {
  const names = memberNames(members).flatMap((name) => asServerId(name) ?? []);
  const placement = new Placement(replicas, names);
  const counts = new Map<string, number>(names.map((name) => [name, 0]));
  for (let partition = 0; partition < partitionCount; partition += 1) {
    for (const holder of placement.holders(partition)) counts.set(holder, (counts.get(holder) ?? 0) + 1);
  }
  return [...counts.values()];
}

/** Renders the plan from measured figures, or a line that says which figure is missing. */
export function renderPlanOrReason(figures: Figures): string {
  try {
    return renderPlan(deriveCosts(figures));
  } catch (error) {
    return `plan not available: ${(error as Error).message}`;
  }
}

function renderPlan(costs: ReportCosts): string {
  const micros = (value: number): string => formatNumber(value, 'µs');
  const constants = formatTable(
    ['CPU time of a report', ''],
    [
      ['at the member that takes it', micros(costs.takenMicros)],
      ['at each holder', micros(costs.heldMicros)],
      ['in the nats-servers', micros(costs.natsMicros)],
    ],
    new Set([1]),
  );
  const rows = sizes.map(([clients, members]) => {
    const demand = demandOf(costs, clients, members);
    return [
      formatNumber(clients, 'count'),
      formatNumber(members, 'count'),
      formatNumber(demand.reportsPerSecond, 'count'),
      formatNumber(demand.mostPartitions, 'count'),
      formatNumber(demand.memberCores, 'part'),
      formatNumber(demand.memberBytes / 1e6, 'MB'),
      formatNumber(demand.natsCores, 'count'),
      formatNumber(demand.presencePerSecond, 'count'),
      demand.memberCores > assumptions.maxCoreUse ? 'over limit' : '',
    ];
  });
  const headers = [
    'clients',
    'members',
    'reports/s',
    'most partitions',
    'its core',
    'its memory',
    'NATS cores',
    'presence/s',
  ];
  return `${constants}\n\n${formatTable([...headers, ''], rows, new Set([0, 1, 2, 3, 4, 5, 6, 7]))}`;
}
