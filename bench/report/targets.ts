import { baselineSubject, partitionsSubject } from '../replication/cost.js';
import { failureSubject } from '../replication/failure.js';
import { scalingSubject } from '../replication/scaling.js';
import { joinSubject } from '../replication/join.js';
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

/** An upper bound of one figure. */
function bound(
  description: string,
  [benchmark, metric]: readonly [benchmark: string, metric: string],
  subject: string,
  goal: number,
): Target {
  return { description, ours: { benchmark, subject, metric }, goal, better: 'less' };
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
  bound('Resident memory per location, bytes, at 1,000,000', ['memory', 'per location, resident'], five, 160),
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
  ratio('NATS, CPU of a member: 16 members / 4', ['nats-scaling', 'CPU, member'], [scalingSubject(16), scalingSubject(4)], [1.3, 'less']), // prettier-ignore
  ratio('NATS, CPU per report, at the server that takes it: Herd / baseline build', ['nats-cost', 'CPU, first server'], [partitionsSubject, baselineSubject], [0.125, 'less']), // prettier-ignore
  ratio('NATS, CPU per report, nats-server: Herd / baseline build', ['nats-cost', 'CPU, nats-server'], [partitionsSubject, baselineSubject], [0.125, 'less']), // prettier-ignore
  bound('NATS, one of six killed: all partitions have three holders after', ['nats-failure', 'three holders after'], failureSubject, 10), // prettier-ignore
  bound('NATS, one of six killed: failed lookups after three heartbeats', ['nats-failure', 'failed'], failureSubject, 0), // prettier-ignore
  bound('NATS, one of six killed: stale lookups after three heartbeats', ['nats-failure', 'stale'], failureSubject, 0), // prettier-ignore
  {
    description: 'NATS, seventh member: moved bytes / bytes of its partitions',
    ours: { benchmark: 'nats-join', subject: joinSubject, metric: 'moved' },
    other: { benchmark: 'nats-join', subject: joinSubject, metric: 'its partitions' },
    goal: 1.3,
    better: 'less',
  },
  {
    description: 'NATS, seventh member: response p99 of the others, while it joins / before',
    ours: { benchmark: 'nats-join', subject: joinSubject, metric: 'response p99, meanwhile' },
    other: { benchmark: 'nats-join', subject: joinSubject, metric: 'response p99, before' },
    goal: 2,
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
