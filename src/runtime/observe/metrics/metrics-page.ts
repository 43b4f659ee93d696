import { performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import { Registry, type Metric } from 'prom-client';
import type { BucketState, LinkState, BreakerState } from '../../../actors/bus/events.js';
import type { LinkSnapshot, StatusTracker } from './status-tracker.js';
import type { Histogram } from './histogram.js';
import type { ServerCounts } from './server-counts.js';

/** What is counted elsewhere, and read when somebody asks. */
export interface MetricSources {
  readonly counts: ServerCounts;
  readonly status: StatusTracker;
  /** Clients whose location is held. */
  readonly locations: number;
  readonly logBufferedBytes: number;
}

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number];

/** One metric, in the form that prom-client writes. */
interface MetricData {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly values: readonly { readonly metricName?: string; readonly labels: Labels; readonly value: number }[];
}

const linkStates: readonly LinkState[] = ['connecting', 'catching-up', 'live', 'backoff', 'stopped'];
const bucketStates: readonly BucketState[] = [
  'connecting',
  'loading',
  'live',
  'write-blocked',
  'disconnected',
  'stopped',
];
const breakerStates: readonly BreakerState[] = ['closed', 'open', 'half-open'];

/** The metrics of a server as a page in Prometheus' text format. */
export async function metricsPage(server: string, herd: string, sources: MetricSources): Promise<string> {
  const registry = new Registry();
  registry.setDefaultLabels({ herd, server });
  for (const metric of collectMetrics(sources)) {
    // The registry asks a metric for its values and for nothing else; they are counted elsewhere.
    registry.registerMetric({ ...metric, get: () => Promise.resolve(metric) } as unknown as Metric);
  }
  return registry.metrics();
}

function collectMetrics({ counts, status, locations, logBufferedBytes }: MetricSources): MetricData[] {
  const { commands } = counts;
  const links = status.linkSnapshots();
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
    histogram('herd_command_duration_seconds', 'Seconds from a command to its answer.', [
      [{ kind: 'IAMAT' }, commands.iamatSeconds],
      [{ kind: 'WHATSAT' }, commands.whatsatSeconds],
    ]),
    ...requestMetrics(counts),
    gauge('herd_connections', 'Connections of clients.', [[{}, status.connections]]),
    counter('herd_connections_rejected_total', 'Connections that were turned away.', [
      [{}, counts.rejectedConnections],
    ]),
    counter(
      'herd_connections_evicted_total',
      'Connections closed because they held the most of too much output of all clients.',
      [[{}, counts.evictedConnections]],
    ),
    gauge('herd_subscribers', 'Connections that watch.', [[{}, counts.subscribers]]),
    counter('herd_subscription_lines_total', 'Changes that were told to connections that watch.', [
      [{}, commands.pushed],
    ]),
    counter(
      'herd_subscription_conflated_total',
      'Changes that a newer one replaced while they waited for a slow connection.',
      [[{}, counts.conflatedSubscriptions]],
    ),
    gauge('herd_locations', 'Clients whose location is held.', [[{}, locations]]),
    counter('herd_reports_total', 'New locations that clients reported here.', [[{}, counts.reports]]),
    counter('herd_evictions_total', 'Locations forgotten for want of room.', [[{}, counts.evictions]]),
    counter('herd_bucket_fetches_total', 'Locations got from the bucket when they were asked for.', [
      [{}, counts.bucketFetches],
    ]),
    gauge('herd_ready', 'Whether the server has caught up with whom it reaches.', [
      [{}, status.notReadyReasons().length > 0 ? 0 : 1],
    ]),
    ...linkMetrics(links, counts),
    ...bucketMetrics(status),
    histogram(
      'herd_propagation_delay_seconds',
      'Seconds from a report at its first server to here; a sample a batch.',
      [[{}, counts.propagationDelay]],
    ),
    ...upstreamMetrics(counts),
    counter('herd_dead_letters_total', 'Messages to nobody.', [[{}, counts.deadLetters]]),
    counter('herd_actor_failures_total', 'Actors that threw.', [[{}, counts.actorFailures]]),
    counter('herd_descriptor_shortages_total', 'Times that the process had no file descriptor left.', [
      [{}, counts.descriptorShortages],
    ]),
    gauge(
      'herd_longest_turn_seconds',
      'The longest time within the last one to two minutes that this server kept its process from everything else.',
      [[{}, counts.longestTurnMs / 1_000]],
    ),
    gauge('herd_log_buffered_bytes', 'Log lines waiting for the disk, in bytes.', [[{}, logBufferedBytes]]),
    gauge('herd_process_heap_bytes', 'Heap in use, of the whole process.', [[{}, getHeapStatistics().used_heap_size]]),
    gauge('herd_event_loop_utilization_ratio', 'Part of its time that the process was busy.', [
      [{}, performance.eventLoopUtilization().utilization],
    ]),
  ];
}

function requestMetrics({ requests: { routes } }: ServerCounts): MetricData[] {
  return [
    counter(
      'herd_http_requests_total',
      'Requests over HTTP, by route and outcome.',
      [...routes].flatMap(([route, { outcomes }]) =>
        Object.entries(outcomes).map(([outcome, count]): Sample => [{ route, outcome }, count]),
      ),
    ),
    histogram(
      'herd_http_request_duration_seconds',
      'Seconds from a request over HTTP to the end of its answer; streams are left out.',
      [...routes].map(([route, { seconds }]) => [{ route }, seconds] as const),
    ),
  ];
}

function linkMetrics(links: readonly LinkSnapshot[], { links: counts }: ServerCounts): MetricData[] {
  const perNeighbour = (value: (count: NonNullable<ReturnType<typeof counts.get>>) => number) =>
    [...counts].map(([neighbour, count]): Sample => [{ neighbour }, value(count)]);
  const perDirection = (incoming: (count: never) => number, outgoing: (count: never) => number): Sample[] =>
    [...counts].flatMap(([neighbour, count]): Sample[] => [
      [{ neighbour, direction: 'in' }, incoming(count as never)],
      [{ neighbour, direction: 'out' }, outgoing(count as never)],
    ]);
  type Count = NonNullable<ReturnType<typeof counts.get>>;
  return [
    gauge(
      'herd_link_state',
      'The state of each link: 1 for the one that it is in.',
      links.flatMap(({ neighbour, state }) =>
        linkStates.map((perNeighbour): Sample => [{ neighbour, state: perNeighbour }, perNeighbour === state ? 1 : 0]),
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
      perDirection(
        ({ linesIn }: Count) => linesIn,
        ({ linesOut }: Count) => linesOut,
      ),
    ),
    counter(
      'herd_link_bytes_total',
      'Bytes over each link, without what TCP and TLS add.',
      perDirection(
        ({ bytesIn }: Count) => bytesIn,
        ({ bytesOut }: Count) => bytesOut,
      ),
    ),
    counter(
      'herd_link_learned_total',
      'New locations from each neighbour.',
      perNeighbour(({ learned }) => learned),
    ),
    counter(
      'herd_link_duplicates_total',
      'Locations from each neighbour that were known already, or older than what was known.',
      perNeighbour(({ received, learned }) => Math.max(0, received - learned)),
    ),
    counter(
      'herd_link_conflated_total',
      'Locations that a newer one replaced while they waited for a slow neighbour.',
      perNeighbour(({ conflated }) => conflated),
    ),
  ];
}

function bucketMetrics(status: StatusTracker): MetricData[] {
  const bucket = status.bucketSnapshot();
  if (bucket === undefined) return [];
  return [
    gauge(
      'herd_bucket_state',
      'The state of the bucket that locations are spread by: 1 for the one that it is in.',
      bucketStates.map((state): Sample => [{ state }, state === bucket.state ? 1 : 0]),
    ),
  ];
}

function upstreamMetrics({
  upstreamAttempts,
  upstreamRequests,
  upstreamAttemptSeconds,
  breakerState,
}: ServerCounts): MetricData[] {
  return [
    counter(
      'herd_upstream_attempts_total',
      'Requests to the upstream, by what became of them.',
      byOutcome(upstreamAttempts),
    ),
    counter(
      'herd_upstream_requests_total',
      'Questions for the upstream, by what became of them.',
      byOutcome(upstreamRequests),
    ),
    histogram('herd_upstream_attempt_duration_seconds', 'Seconds that requests to the upstream took.', [
      [{}, upstreamAttemptSeconds],
    ]),
    gauge(
      'herd_upstream_breaker_state',
      'The state of the circuit breaker: 1 for the one that it is in.',
      breakerStates.map((state): Sample => [{ state }, state === breakerState ? 1 : 0]),
    ),
  ];
}

function byOutcome(counts: Readonly<Record<string, number>>): Sample[] {
  return Object.entries(counts).map(([outcome, count]) => [{ outcome }, count]);
}

function counter(name: string, help: string, samples: readonly Sample[]): MetricData {
  return { name, help, type: 'counter', values: samples.map(([labels, value]) => ({ labels, value })) };
}

function gauge(name: string, help: string, samples: readonly Sample[]): MetricData {
  return { ...counter(name, help, samples), type: 'gauge' };
}

function histogram(name: string, help: string, samples: readonly (readonly [Labels, Histogram])[]): MetricData {
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
