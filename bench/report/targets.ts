import { ratio } from '../support/statistics.js';
import type { Figures } from './figure.js';

/** One thing that Herd must show. */
interface Target {
  readonly what: string;
  readonly asked: number;
  readonly better: 'more' | 'less';
  readonly unit: '' | ' ms' | ' bytes';
  /** Undefined if what it takes was not measured. */
  readonly measured: (figures: Figures) => number | undefined;
}

/** What came of a target. */
export interface Verdict {
  readonly what: string;
  readonly asked: string;
  readonly measured: string;
  readonly verdict: 'pass' | 'FAIL' | 'not measured';
}

const ours = 'Herd, five processes';
const rate = 'rate';
const cpu = 'CPU, herd';

/** Round by round, ours to theirs. */
const against =
  (measure: string, metric: string, theirs: string, our = ours) =>
  (figures: Figures): number | undefined => {
    const [of, to] = [our, theirs].map((subject) => figures.values(measure, subject, metric));
    return of === undefined || to === undefined ? undefined : ratio(of, to);
  };

const value = (measure: string, subject: string, metric: string) => (figures: Figures) =>
  figures.median(measure, subject, metric);

const redis = 'redis-server, GEOADD';

/** Ratios in one run, medians of rounds; five processes unless said, every line logged. */
const targets: readonly Target[] = [
  {
    what: 'IAMAT pipelined: throughput against Twisted',
    asked: 12,
    better: 'more',
    unit: '',
    measured: against('pipelined', rate, 'Twisted'),
  },
  {
    what: 'IAMAT pipelined: CPU over the herd against Twisted',
    asked: 1 / 12,
    better: 'less',
    unit: '',
    measured: against('pipelined', cpu, 'Twisted'),
  },
  {
    what: 'IAMAT one in flight: throughput against Twisted',
    asked: 8,
    better: 'more',
    unit: '',
    measured: against('one in flight', rate, 'Twisted'),
  },
  {
    what: 'IAMAT pipelined: CPU over the herd against bare Node with its log',
    asked: 1.4,
    better: 'less',
    unit: '',
    measured: against('pipelined', cpu, 'bare Node'),
  },
  {
    what: 'IAMAT one in flight: throughput against bare Node with its log',
    asked: 0.85,
    better: 'more',
    unit: '',
    measured: against('one in flight', rate, 'bare Node'),
  },
  {
    what: 'One server alone, 16 in flight: throughput against Redis GEOADD',
    asked: 0.3,
    better: 'more',
    unit: '',
    measured: against('alone, pipelined', rate, redis),
  },
  {
    what: 'One server alone, one in flight: throughput against Redis GEOADD',
    asked: 0.7,
    better: 'more',
    unit: '',
    measured: against('alone, one in flight', rate, redis),
  },
  {
    what: 'Metta to Howard at idle, p50',
    asked: 1,
    better: 'less',
    unit: ' ms',
    measured: value('latency', `${ours}, idle`, 'knows, p50'),
  },
  {
    what: 'Metta to Howard at idle, p99',
    asked: 5,
    better: 'less',
    unit: ' ms',
    measured: value('latency', `${ours}, idle`, 'knows, p99'),
  },
  {
    what: 'Metta to Howard at nine tenths of capacity, p99',
    asked: 50,
    better: 'less',
    unit: ' ms',
    measured: value('latency', `${ours}, nine tenths`, 'knows, p99'),
  },
  {
    what: 'Memory for a location at 1,000,000',
    asked: 300,
    better: 'less',
    unit: ' bytes',
    measured: value('memory', '1,000,000 locations', 'for each'),
  },
  {
    what: 'Cost of an update at 1,000,000 clients against 1,000',
    asked: 1.5,
    better: 'less',
    unit: '',
    measured: against('clients', 'CPU an update', '1,000', '1,000,000'),
  },
  {
    what: 'NATS, four servers: from the answer at one until the last knows, at idle, p99',
    asked: 20,
    better: 'less',
    unit: ' ms',
    measured: value('spread', 'NATS, 4', 'last knows, p99'),
  },
  {
    what: 'NATS: 100,000 clients known to a server that joins',
    asked: 3_000,
    better: 'less',
    unit: ' ms',
    measured: (figures) => {
      const micros = figures.median('spread, memory', 'NATS, 2', 'joins');
      return micros === undefined ? undefined : (micros * 100_000) / 1_000;
    },
  },
  {
    what: 'NATS, five servers: from the answer at one until the last knows, at idle, p99',
    asked: 20,
    better: 'less',
    unit: ' ms',
    measured: value('nats', 'NATS, 5', 'last knows, p99'),
  },
  {
    what: 'NATS, five servers: 100,000 clients known to a server that joins',
    asked: 3_000,
    better: 'less',
    unit: ' ms',
    measured: value('nats', 'NATS, 5', 'joins'),
  },
  {
    // The same was measured 0.84 to 1.30 times the same, round by round, on a machine that had other work.
    what: 'NATS, five servers: the answer to IAMAT with NATS stopped against NATS there',
    asked: 1.3,
    better: 'less',
    unit: '',
    measured: (figures) => {
      const [stopped, there] = ['answered, NATS stopped', 'answered, NATS there'].map((metric) =>
        figures.values('nats', 'NATS, 5', metric),
      );
      return stopped === undefined || there === undefined ? undefined : ratio(stopped, there);
    },
  },
  {
    what: 'Throughput with the log on against off',
    asked: 0.8,
    better: 'more',
    unit: '',
    measured: against('features', rate, 'without the log', 'as it is'),
  },
];

/** Measured against asked for, one by one. */
export function verdicts(figures: Figures): Verdict[] {
  return targets.map((target) => {
    const { what, better, unit } = target;
    const asked = `${numberOf(target.asked, unit)} or ${better}`;
    const measured = target.measured(figures);
    if (measured === undefined) return { what, asked, measured: '-', verdict: 'not measured' };
    const passes = better === 'more' ? measured >= target.asked : measured <= target.asked;
    return { what, asked, measured: numberOf(measured, unit), verdict: passes ? 'pass' : 'FAIL' };
  });
}

function numberOf(number: number, unit: Target['unit']): string {
  if (unit === ' bytes') return `${number.toFixed(0)}${unit}`;
  return `${number.toFixed(number < 1 ? 3 : 2)}${unit || ' x'}`;
}
