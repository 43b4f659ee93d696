import { medianRatio } from '../support/statistics.js';
import type { Figures } from './figure.js';

/** A performance target of Herd. */
interface Target {
  readonly description: string;
  readonly goal: number;
  readonly better: 'more' | 'less';
  readonly unit: '' | ' ms' | ' bytes';
  /** Returns undefined if the figures were not measured. */
  readonly measured: (figures: Figures) => number | undefined;
}

/** Result of checking a target. */
export interface Verdict {
  readonly description: string;
  readonly goal: string;
  readonly measured: string;
  readonly verdict: 'passed' | 'FAILED' | 'not measured';
}

const ours = 'Herd, five processes';
const rate = 'rate';
const cpu = 'CPU, herd';

/** Median of the per-round ratios of Herd's figure to the other system's. */
const ratioTo =
  (benchmark: string, metric: string, other: string, ourSubject = ours) =>
  (figures: Figures): number | undefined => {
    const [of, to] = [ourSubject, other].map((subject) => figures.values(benchmark, subject, metric));
    return of === undefined || to === undefined ? undefined : medianRatio(of, to);
  };

const medianOf = (benchmark: string, subject: string, metric: string) => (figures: Figures) =>
  figures.median(benchmark, subject, metric);

const redis = 'redis-server, GEOADD';

/** Ratios are within one run, medians over rounds; five processes unless stated, every line logged. */
const targets: readonly Target[] = [
  {
    description: 'IAMAT pipelined: throughput against Twisted',
    goal: 12,
    better: 'more',
    unit: '',
    measured: ratioTo('pipelined', rate, 'Twisted'),
  },
  {
    description: 'IAMAT pipelined: CPU of the herd against Twisted',
    goal: 1 / 12,
    better: 'less',
    unit: '',
    measured: ratioTo('pipelined', cpu, 'Twisted'),
  },
  {
    description: 'IAMAT one in flight: throughput against Twisted',
    goal: 8,
    better: 'more',
    unit: '',
    measured: ratioTo('one in flight', rate, 'Twisted'),
  },
  {
    description: 'IAMAT pipelined: CPU of the herd against bare Node with its log',
    goal: 1.4,
    better: 'less',
    unit: '',
    measured: ratioTo('pipelined', cpu, 'bare Node'),
  },
  {
    description: 'IAMAT one in flight: throughput against bare Node with its log',
    goal: 0.85,
    better: 'more',
    unit: '',
    measured: ratioTo('one in flight', rate, 'bare Node'),
  },
  {
    description: 'Single server, 16 in flight: throughput against Redis GEOADD',
    goal: 0.3,
    better: 'more',
    unit: '',
    measured: ratioTo('single server, pipelined', rate, redis),
  },
  {
    description: 'Single server, one in flight: throughput against Redis GEOADD',
    goal: 0.7,
    better: 'more',
    unit: '',
    measured: ratioTo('single server, one in flight', rate, redis),
  },
  {
    description: 'Propagation from Metta to Howard when idle, p50',
    goal: 1,
    better: 'less',
    unit: ' ms',
    measured: medianOf('latency', `${ours}, idle`, 'propagation, p50'),
  },
  {
    description: 'Propagation from Metta to Howard when idle, p99',
    goal: 5,
    better: 'less',
    unit: ' ms',
    measured: medianOf('latency', `${ours}, idle`, 'propagation, p99'),
  },
  {
    description: 'Propagation from Metta to Howard at 90 % of capacity, p99',
    goal: 50,
    better: 'less',
    unit: ' ms',
    measured: medianOf('latency', `${ours}, 90 % load`, 'propagation, p99'),
  },
  {
    description: 'Memory per location at 1,000,000 locations',
    goal: 300,
    better: 'less',
    unit: ' bytes',
    measured: medianOf('memory', '1,000,000 locations', 'per location'),
  },
  {
    description: 'Cost of an update at 1,000,000 clients against 1,000',
    goal: 1.5,
    better: 'less',
    unit: '',
    measured: ratioTo('clients', 'CPU per update', '1,000', '1,000,000'),
  },
  {
    description: 'NATS, four servers: propagation to all servers when idle, p99',
    goal: 20,
    better: 'less',
    unit: ' ms',
    measured: medianOf('replication', 'NATS, 4', 'full propagation, p99'),
  },
  {
    description: 'NATS: join time of a server with 100,000 clients',
    goal: 3_000,
    better: 'less',
    unit: ' ms',
    measured: (figures) => {
      const micros = figures.median('replication, memory', 'NATS, 2', 'join time');
      return micros === undefined ? undefined : (micros * 100_000) / 1_000;
    },
  },
  {
    description: 'NATS, five servers: propagation to all servers when idle, p99',
    goal: 20,
    better: 'less',
    unit: ' ms',
    measured: medianOf('nats', 'NATS, 5', 'full propagation, p99'),
  },
  {
    description: 'NATS, five servers: join time of a server with 100,000 clients',
    goal: 3_000,
    better: 'less',
    unit: ' ms',
    measured: medianOf('nats', 'NATS, 5', 'join time'),
  },
  {
    // On a shared machine, repeated identical measurements differed by factors of 0.84 to 1.30 from round to round.
    description: 'NATS, five servers: response time of IAMAT with NATS paused against NATS up',
    goal: 1.3,
    better: 'less',
    unit: '',
    measured: (figures) => {
      const [paused, up] = ['response, NATS paused', 'response, NATS up'].map((metric) =>
        figures.values('nats', 'NATS, 5', metric),
      );
      return paused === undefined || up === undefined ? undefined : medianRatio(paused, up);
    },
  },
  {
    description: 'Throughput with the log on against off',
    goal: 0.8,
    better: 'more',
    unit: '',
    measured: ratioTo('features', rate, 'without the log', 'default'),
  },
];

/** Checks all targets against the figures. */
export function judgeTargets(figures: Figures): Verdict[] {
  return targets.map((target) => {
    const { description, better, unit } = target;
    const goal = `${formatTargetNumber(target.goal, unit)} or ${better}`;
    const measured = target.measured(figures);
    if (measured === undefined) return { description, goal, measured: '-', verdict: 'not measured' };
    const passes = better === 'more' ? measured >= target.goal : measured <= target.goal;
    return { description, goal, measured: formatTargetNumber(measured, unit), verdict: passes ? 'passed' : 'FAILED' };
  });
}

function formatTargetNumber(number: number, unit: Target['unit']): string {
  if (unit === ' bytes') return `${number.toFixed(0)}${unit}`;
  return `${number.toFixed(number < 1 ? 3 : 2)}${unit || ' x'}`;
}
