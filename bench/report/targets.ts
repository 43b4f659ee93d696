import { median, roundRatios } from '../support/statistics.js';
import type { Figure, Figures } from './figure.js';
import { formatNumber } from './number.js';

/** Names a figure. */
interface FigureName {
  readonly benchmark: string;
  readonly subject: string;
  readonly metric: string;
}

/** A performance target: a bound for a figure, or for its ratio to another figure, round by round. */
interface Target {
  readonly description: string;
  readonly ours: FigureName;
  /** Undefined if the bound is absolute. */
  readonly other?: FigureName;
  readonly goal: number;
  readonly better: 'more' | 'less';
}

/** Result of checking a target, as text. */
export interface Verdict {
  readonly benchmark: string;
  readonly description: string;
  readonly goal: string;
  /** Medians of the two figures; empty if there is none. */
  readonly ours: string;
  readonly other: string;
  /** Median of the rounds, and the least and the most of any round. */
  readonly measured: string;
  readonly verdict: 'passed' | 'FAILED' | 'not measured';
}

const five = 'Herd, five processes';
const oneProcess = 'Herd, one process';
const baseline = 'Herd, baseline build';
const bare = 'bare Node';
const redis = 'redis-server, GEOADD';
const [rate, cpu] = ['rate', 'CPU, herd'];

/** A bound for the ratio of two systems. */
function ratio(
  description: string,
  [benchmark, metric]: readonly [benchmark: string, metric: string],
  [ours, other]: readonly [ours: string, other: string],
  [goal, better]: readonly [goal: number, better: Target['better']],
): Target {
  const figure = (subject: string): FigureName => ({ benchmark, subject, metric });
  return { description, ours: figure(ours), other: figure(other), goal, better };
}

/** All ratios are of one run, and every system logs every line unless stated. */
const targets: readonly Target[] = [
  ratio('IAMAT pipelined, rate: five processes / Twisted', ['pipelined', rate], [five, 'Twisted'], [20, 'more']),
  ratio('IAMAT pipelined, CPU: five processes / Twisted', ['pipelined', cpu], [five, 'Twisted'], [0.08, 'less']),
  ratio('IAMAT pipelined, CPU: five processes / bare Node without log', ['pipelined', cpu], [five, `${bare}, no log`], [1, 'less']), // prettier-ignore
  ratio('IAMAT pipelined, CPU: one process / five processes', ['pipelined', cpu], [oneProcess, five], [0.6, 'less']),
  ratio('IAMAT pipelined, rate: with log / without log', ['pipelined', rate], [five, `${five}, no log`], [0.7, 'more']),
  ratio('IAMAT one in flight, rate: five processes / bare Node', ['one-in-flight', rate], [five, bare], [1.3, 'more']),
  ratio('Connection per command, rate: five processes / Twisted', ['connection-per-command', rate], [five, 'Twisted'], [1.2, 'more']), // prettier-ignore
  ratio('Single server pipelined, rate: Herd / Redis GEOADD', ['alone-pipelined', rate], [five, redis], [0.8, 'more']),
  ratio('Single server one in flight, rate: Herd / Redis GEOADD', ['alone-one-in-flight', rate], [five, redis], [0.5, 'more']), // prettier-ignore
  ratio('Single server, rate: WHATSAT from the cache / IAMAT', ['whatsat', rate], ['WHATSAT from the cache', 'IAMAT'], [0.5, 'more']), // prettier-ignore
  {
    description: 'Resident memory per location, bytes, at 1,000,000',
    ours: { benchmark: 'memory', subject: five, metric: 'per location, resident' },
    goal: 160,
    better: 'less',
  },
  ratio('Update, CPU: 1,000,000 clients / 1,000', ['clients', 'CPU per update'], ['1,000,000', '1,000'], [1.4, 'less']),
  ratio('Metta to Howard, idle, p50: five processes / bare Node', ['latency', 'propagation, p50'], [`${five}, idle`, `${bare}, idle`], [0.75, 'less']), // prettier-ignore
  ratio('Metta to Howard, idle, p99: five processes / bare Node', ['latency', 'propagation, p99'], [`${five}, idle`, `${bare}, idle`], [1, 'less']), // prettier-ignore
  ratio('Metta to Howard, 90 % load, p99: five processes / bare Node', ['latency', 'propagation, p99'], [`${five}, 90 % load`, `${bare}, 90 % load`], [0.5, 'less']), // prettier-ignore
  ratio('Refill with 1,000,000 locations: Herd / baseline build', ['refill', 'refilled after'], [five, baseline], [0.3, 'less']), // prettier-ignore
  ratio('Refill, response p99 meanwhile: Herd / baseline build', ['refill', 'response of the neighbour, p99'], [five, baseline], [1, 'less']), // prettier-ignore
  ratio('Start: five processes / Twisted', ['start-up', 'ready after'], [five, 'Twisted'], [0.7, 'less']),
  ratio('Start: one process / bare Node', ['start-up', 'ready after'], [oneProcess, bare], [1, 'less']),
  ratio('WATCH, CPU per change: Herd / baseline build', ['watch', 'CPU per change'], [five, baseline], [0.5, 'less']),
  ratio('WATCH, delivery p99: Herd / baseline build', ['watch', 'delivery, p99'], [five, baseline], [1, 'less']),
  {
    description: 'NATS, four servers: propagation to all servers when idle, p99',
    ours: { benchmark: 'replication', subject: 'NATS, 4', metric: 'full propagation, p99' },
    goal: 20,
    better: 'less',
  },
  {
    description: 'NATS, five servers: propagation to all servers when idle, p99',
    ours: { benchmark: 'nats', subject: 'NATS, 5', metric: 'full propagation, p99' },
    goal: 20,
    better: 'less',
  },
  {
    description: 'NATS, five servers: join time of a server with 100,000 clients',
    ours: { benchmark: 'nats', subject: 'NATS, 5', metric: 'join time' },
    goal: 3_000,
    better: 'less',
  },
  {
    // On a shared machine, repeated identical measurements differed by factors of 0.84 to 1.30 from round to round.
    description: 'NATS, five servers: response time of IAMAT, NATS paused / NATS up',
    ours: { benchmark: 'nats', subject: 'NATS, 5', metric: 'response, NATS paused' },
    other: { benchmark: 'nats', subject: 'NATS, 5', metric: 'response, NATS up' },
    goal: 1.3,
    better: 'less',
  },
];

/** Checks all targets against the figures. */
export function judgeTargets(figures: Figures): Verdict[] {
  return targets.map((target) => judge(target, figures));
}

function judge({ description, ours, other, goal, better }: Target, figures: Figures): Verdict {
  const [ourFigure, otherFigure] = [ours, other].map((name) => name && findMeasured(figures, name));
  const text = {
    benchmark: ours.benchmark,
    description,
    goal: `${goal.toLocaleString('en-GB')}${other === undefined ? '' : ' x'} or ${better}`,
    ours: formatMedian(ourFigure),
    other: formatMedian(otherFigure),
  };
  if (ourFigure === undefined || (other !== undefined && otherFigure === undefined))
    return { ...text, measured: '', verdict: 'not measured' };
  // A round in which the other system did not keep up has rate 0 and shows nothing.
  const rounds =
    otherFigure === undefined
      ? ourFigure.values
      : roundRatios(ourFigure.values, otherFigure.values).filter(Number.isFinite);
  if (rounds.length === 0) return { ...text, measured: '', verdict: 'not measured' };
  const format = (value: number) =>
    otherFigure === undefined ? formatNumber(value, ourFigure.unit) : `${value.toPrecision(3)} x`;
  const measured = median(rounds);
  const range = rounds.length === 1 ? '' : ` [${format(Math.min(...rounds))}, ${format(Math.max(...rounds))}]`;
  const isReached = better === 'more' ? measured >= goal : measured <= goal;
  return { ...text, measured: `${format(measured)}${range}`, verdict: isReached ? 'passed' : 'FAILED' };
}

function findMeasured(figures: Figures, { benchmark, subject, metric }: FigureName): Figure | undefined {
  const figure = figures.find(benchmark, subject, metric);
  return figure === undefined || figure.values.length === 0 ? undefined : figure;
}

function formatMedian(figure: Figure | undefined): string {
  return figure === undefined ? '' : formatNumber(median(figure.values), figure.unit);
}
