import { performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import { Registry, type Metric } from 'prom-client';
import type { BucketState, LinkState, UpstreamState } from '../../../actors/bus/events.js';
import type { LinkView, ServerView } from './server-status.js';
import type { Histogram } from './histogram.js';
import type { ServerCounts } from './server-counts.js';

/** What is counted elsewhere, and read when somebody asks. */
export interface MetricSources {
  readonly counts: ServerCounts;
  readonly view: ServerView;
  /** Clients whose location is held. */
  readonly locations: number;
  readonly logBytesWaiting: number;
}

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number];

/** One metric, in the form that prom-client writes. */
interface Written {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly values: readonly { readonly metricName?: string; readonly labels: Labels; readonly value: number }[];
}

const linkStates: readonly LinkState[] = ['connecting', 'catching-up', 'live', 'backoff', 'stopped'];
const bucketStates: readonly BucketState[] = ['connecting', 'loading', 'live', 'blocked', 'away', 'stopped'];
const upstreamStates: readonly UpstreamState[] = ['available', 'tripped', 'probing'];

/** The metrics of a server as a page in Prometheus' text format. */
export async function metricsPage(server: string, herd: string, sources: MetricSources): Promise<string> {
  const registry = new Registry();
  registry.setDefaultLabels({ herd, server });
  for (const metric of metricsOf(sources)) {
    // The registry asks a metric for its values and for nothing else; they are counted elsewhere.
    registry.registerMetric({ ...metric, get: () => Promise.resolve(metric) } as unknown as Metric);
  }
  return registry.metrics();
}

function metricsOf({ counts, view, locations, logBytesWaiting }: MetricSources): Written[] {
  const { commands } = counts;
  const links = view.linksNow();
  return [
    counter('herd_commands_total', 'Commands of clients that speak lines, by kind and outcome.', [
      [{ kind: 'IAMAT', outcome: 'answered' }, commands.iamat],
      [{ kind: 'WHATSAT', outcome: 'answered' }, commands.whatsat],
      [{ kind: 'WATCH', outcome: 'answered' }, commands.watch],
      [{ kind: 'UNWATCH', outcome: 'answered' }, commands.unwatch],
      [{ kind: 'IAMAT', outcome: 'invalid' }, commands.invalid.iamat],
      [{ kind: 'WHATSAT', outcome: 'invalid' }, commands.invalid.whatsat],
      [{ kind: 'WATCH', outcome: 'invalid' }, commands.invalid.watch],
      [{ kind: 'UNWATCH', outcome: 'invalid' }, commands.invalid.unwatch],
      [{ kind: 'other', outcome: 'invalid' }, commands.invalid.other],
    ]),
    histogram('herd_command_seconds', 'Seconds from a command to its answer.', [
      [{ kind: 'IAMAT' }, commands.turnSeconds],
      [{ kind: 'WHATSAT' }, commands.whatsatSeconds],
    ]),
    ...requestMetrics(counts),
    gauge('herd_connections', 'Connections of clients.', [[{}, view.clients]]),
    counter('herd_connections_refused_total', 'Connections that were turned away.', [[{}, counts.refused]]),
    counter(
      'herd_connections_evicted_total',
      'Connections closed because they held the most of too much output of all clients.',
      [[{}, counts.evicted]],
    ),
    gauge('herd_watchers', 'Connections that watch.', [[{}, counts.watchers]]),
    counter('herd_watch_lines_total', 'Changes that were told to connections that watch.', [[{}, commands.pushed]]),
    counter(
      'herd_watch_conflated_total',
      'Changes that a newer one replaced while they waited for a slow connection.',
      [[{}, counts.watchConflated]],
    ),
    gauge('herd_locations', 'Clients whose location is held.', [[{}, locations]]),
    counter('herd_reports_total', 'New locations that clients reported here.', [[{}, counts.reported]]),
    counter('herd_forgotten_total', 'Locations forgotten for want of room.', [[{}, counts.forgotten]]),
    counter('herd_fetched_total', 'Locations got from the bucket when they were asked for.', [[{}, counts.fetched]]),
    gauge('herd_ready', 'Whether the server has caught up with whom it reaches.', [
      [{}, view.notReady().length > 0 ? 0 : 1],
    ]),
    ...linkMetrics(links, counts),
    ...bucketMetrics(view),
    histogram('herd_spread_seconds', 'Seconds from a report at its first server to here; a sample a batch.', [
      [{}, counts.spread],
    ]),
    ...upstreamMetrics(counts),
    counter('herd_dead_letters_total', 'Messages to nobody.', [[{}, counts.deadLetters]]),
    counter('herd_actor_failures_total', 'Actors that threw.', [[{}, counts.failures]]),
    counter('herd_descriptor_shortages_total', 'Times that the process had no file descriptor left.', [
      [{}, counts.shortages],
    ]),
    gauge(
      'herd_turn_longest_seconds',
      'The longest time within the last one to two minutes that this server kept its process from everything else.',
      [[{}, counts.longestTurnMs / 1_000]],
    ),
    gauge('herd_log_waiting_bytes', 'Log lines waiting for the disk, in bytes.', [[{}, logBytesWaiting]]),
    gauge('herd_process_heap_bytes', 'Heap in use, of the whole process.', [[{}, getHeapStatistics().used_heap_size]]),
    gauge('herd_process_busy_ratio', 'Part of its time that the process was busy.', [
      [{}, performance.eventLoopUtilization().utilization],
    ]),
  ];
}

function requestMetrics({ requests: { routes } }: ServerCounts): Written[] {
  return [
    counter(
      'herd_http_requests_total',
      'Requests over HTTP, by route and outcome.',
      [...routes].flatMap(([route, { outcomes }]) =>
        Object.entries(outcomes).map(([outcome, count]): Sample => [{ route, outcome }, count]),
      ),
    ),
    histogram(
      'herd_http_seconds',
      'Seconds from a request over HTTP to the end of its answer; streams are left out.',
      [...routes].map(([route, { seconds }]) => [{ route }, seconds] as const),
    ),
  ];
}

function linkMetrics(links: readonly LinkView[], { links: counts }: ServerCounts): Written[] {
  const each = (value: (count: NonNullable<ReturnType<typeof counts.get>>) => number) =>
    [...counts].map(([neighbour, count]): Sample => [{ neighbour }, value(count)]);
  const bothWays = (into: (count: never) => number, out: (count: never) => number): Sample[] =>
    [...counts].flatMap(([neighbour, count]): Sample[] => [
      [{ neighbour, direction: 'in' }, into(count as never)],
      [{ neighbour, direction: 'out' }, out(count as never)],
    ]);
  type Count = NonNullable<ReturnType<typeof counts.get>>;
  return [
    gauge(
      'herd_link_state',
      'The state of each link: 1 for the one that it is in.',
      links.flatMap(({ neighbour, state }) =>
        linkStates.map((each): Sample => [{ neighbour, state: each }, each === state ? 1 : 0]),
      ),
    ),
    gauge(
      'herd_link_clock_offset_seconds',
      "The clock of each connected neighbour minus the server's own.",
      links.flatMap(({ neighbour, clockOffsetMs }): Sample[] =>
        clockOffsetMs === null ? [] : [[{ neighbour }, clockOffsetMs / 1_000]],
      ),
    ),
    counter(
      'herd_link_lines_total',
      'Lines over each link.',
      bothWays(
        ({ linesIn }: Count) => linesIn,
        ({ linesOut }: Count) => linesOut,
      ),
    ),
    counter(
      'herd_link_bytes_total',
      'Bytes over each link, without what TCP and TLS add.',
      bothWays(
        ({ bytesIn }: Count) => bytesIn,
        ({ bytesOut }: Count) => bytesOut,
      ),
    ),
    counter(
      'herd_link_learned_total',
      'New locations from each neighbour.',
      each(({ learned }) => learned),
    ),
    counter(
      'herd_link_duplicates_total',
      'Locations from each neighbour that were known already, or older than what was known.',
      each(({ told, learned }) => Math.max(0, told - learned)),
    ),
    counter(
      'herd_link_conflated_total',
      'Locations that a newer one replaced while they waited for a slow neighbour.',
      each(({ conflated }) => conflated),
    ),
  ];
}

function bucketMetrics(view: ServerView): Written[] {
  const bucket = view.bucketNow();
  if (bucket === undefined) return [];
  return [
    gauge(
      'herd_bucket_state',
      'The state of the bucket that locations are spread by: 1 for the one that it is in.',
      bucketStates.map((state): Sample => [{ state }, state === bucket.state ? 1 : 0]),
    ),
  ];
}

function upstreamMetrics({ upstreamCalls, upstreamQuestions, upstreamSeconds, breaker }: ServerCounts): Written[] {
  return [
    counter('herd_upstream_calls_total', 'Requests to the upstream, by what became of them.', byOutcome(upstreamCalls)),
    counter(
      'herd_upstream_questions_total',
      'Questions for the upstream, by what became of them.',
      byOutcome(upstreamQuestions),
    ),
    histogram('herd_upstream_seconds', 'Seconds that requests to the upstream took.', [[{}, upstreamSeconds]]),
    gauge(
      'herd_upstream_breaker',
      'The state of the circuit breaker: 1 for the one that it is in.',
      upstreamStates.map((state): Sample => [{ state }, state === breaker ? 1 : 0]),
    ),
  ];
}

function byOutcome(counts: Readonly<Record<string, number>>): Sample[] {
  return Object.entries(counts).map(([outcome, count]) => [{ outcome }, count]);
}

function counter(name: string, help: string, samples: readonly Sample[]): Written {
  return { name, help, type: 'counter', values: samples.map(([labels, value]) => ({ labels, value })) };
}

function gauge(name: string, help: string, samples: readonly Sample[]): Written {
  return { ...counter(name, help, samples), type: 'gauge' };
}

function histogram(name: string, help: string, samples: readonly (readonly [Labels, Histogram])[]): Written {
  const values = samples.flatMap(([labels, { bounds, counts, sum }]) => {
    let total = 0;
    const buckets = counts.map((count, index) => {
      total += count;
      const le = String(bounds[index] ?? '+Inf');
      return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: total };
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: total },
    ];
  });
  return { name, help, type: 'histogram', values };
}
