import { performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import { Registry, type Metric } from 'prom-client';
import type { BreakerState, LinkState, NatsState } from '../../../actors/bus/events.js';
import type { LinkSnapshot, StatusTracker } from './status-tracker.js';
import type { Histogram } from './histogram.js';
import type { LinkCounts, ServerCounts } from './server-counts.js';

/** Sources of the metrics, read at each scrape. */
export interface MetricSources {
  readonly counts: ServerCounts;
  readonly status: StatusTracker;
  /** Number of stored locations. */
  readonly locations: number;
  readonly logBufferedBytes: number;
}

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number];

/** A metric in the form that prom-client formats. */
interface MetricData {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly values: readonly { readonly metricName?: string; readonly labels: Labels; readonly value: number }[];
}

const linkStates: readonly LinkState[] = ['connecting', 'catching-up', 'live', 'backoff', 'stopped'];
const natsStates: readonly NatsState[] = ['connecting', 'joining', 'live', 'backoff', 'stopped'];
const breakerStates: readonly BreakerState[] = ['closed', 'open', 'half-open'];

/** Formats the metrics of a server in Prometheus text format. */
export async function metricsPage(server: string, herd: string, sources: MetricSources): Promise<string> {
  const registry = new Registry();
  registry.setDefaultLabels({ herd, server });
  for (const metric of collectMetrics(sources)) {
    // The registry only calls `get` of a metric; the counters are kept elsewhere.
    registry.registerMetric({ ...metric, get: () => Promise.resolve(metric) } as unknown as Metric);
  }
  return registry.metrics();
}

function collectMetrics({ counts, status, locations, logBufferedBytes }: MetricSources): MetricData[] {
  const { commands } = counts;
  const links = status.linkSnapshots();
  return [
    counter('herd_commands_total', 'Commands of TCP and WebSocket clients, by kind and outcome.', [
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
    histogram('herd_command_duration_seconds', 'Seconds from a command to its response.', [
      [{ kind: 'IAMAT' }, commands.iamatSeconds],
      [{ kind: 'WHATSAT' }, commands.whatsatSeconds],
    ]),
    ...requestMetrics(counts),
    gauge('herd_connections', 'Open TCP and WebSocket connections of clients.', [[{}, status.connections]]),
    counter('herd_connections_rejected_total', 'Rejected connections.', [[{}, counts.rejectedConnections]]),
    counter(
      'herd_connections_evicted_total',
      'Connections closed because they had the most queued output when all clients together exceeded the limit.',
      [[{}, counts.evictedConnections]],
    ),
    gauge('herd_subscribers', 'Connections with subscriptions (WATCH).', [[{}, counts.subscribers]]),
    counter('herd_subscription_lines_total', 'Lines sent for subscriptions.', [[{}, commands.pushed]]),
    counter(
      'herd_subscription_conflated_total',
      'Queued changes for slow subscribers that were replaced by newer ones.',
      [[{}, counts.conflatedSubscriptions]],
    ),
    gauge('herd_locations', 'Stored locations, one per client.', [[{}, locations]]),
    counter('herd_reports_total', 'New locations reported to this server.', [[{}, counts.reports]]),
    counter('herd_evictions_total', 'Locations evicted because the store was full.', [[{}, counts.evictions]]),
    gauge('herd_ready', '1 if the server is ready, else 0.', [[{}, status.notReadyReasons().length > 0 ? 0 : 1]]),
    ...linkMetrics(links, counts),
    ...natsMetrics(status, counts),
    histogram(
      'herd_propagation_delay_seconds',
      'Seconds from a report at its first server to here, one sample per batch.',
      [[{}, counts.propagationDelay]],
    ),
    ...upstreamMetrics(counts),
    counter('herd_dead_letters_total', 'Messages sent to an unregistered address.', [[{}, counts.deadLetters]]),
    counter('herd_actor_failures_total', 'Actor failures.', [[{}, counts.actorFailures]]),
    counter('herd_descriptor_shortages_total', 'Failures because the process had no file descriptor left.', [
      [{}, counts.descriptorShortages],
    ]),
    gauge(
      'herd_longest_turn_seconds',
      'Longest time for which this server blocked its process within the last one to two minutes.',
      [[{}, counts.longestTurnMs / 1_000]],
    ),
    gauge('herd_log_buffered_bytes', 'Log text queued for the disk, in bytes.', [[{}, logBufferedBytes]]),
    gauge('herd_process_heap_bytes', 'Heap in use by the whole process, in bytes.', [
      [{}, getHeapStatistics().used_heap_size],
    ]),
    gauge('herd_event_loop_utilization_ratio', 'Fraction of time for which the event loop of the process was busy.', [
      [{}, performance.eventLoopUtilization().utilization],
    ]),
  ];
}

function requestMetrics({ requests: { routes } }: ServerCounts): MetricData[] {
  return [
    counter(
      'herd_http_requests_total',
      'HTTP requests, by route and outcome.',
      [...routes].flatMap(([route, { outcomes }]) =>
        Object.entries(outcomes).map(([outcome, count]): Sample => [{ route, outcome }, count]),
      ),
    ),
    histogram(
      'herd_http_request_duration_seconds',
      'Seconds from an HTTP request to the end of its response, without streams.',
      [...routes].map(([route, { seconds }]) => [{ route }, seconds] as const),
    ),
  ];
}

function linkMetrics(links: readonly LinkSnapshot[], { links: counts }: ServerCounts): MetricData[] {
  const perNeighbour = (value: (count: LinkCounts) => number) =>
    [...counts].map(([neighbour, count]): Sample => [{ neighbour }, value(count)]);
  const perDirection = (received: (count: LinkCounts) => number, sent: (count: LinkCounts) => number): Sample[] =>
    [...counts].flatMap(([neighbour, count]): Sample[] => [
      [{ neighbour, direction: 'in' }, received(count)],
      [{ neighbour, direction: 'out' }, sent(count)],
    ]);
  return [
    gauge(
      'herd_link_state',
      'Current state of each link (1 = active).',
      links.flatMap(({ neighbour, state }) =>
        linkStates.map((linkState): Sample => [{ neighbour, state: linkState }, linkState === state ? 1 : 0]),
      ),
    ),
    gauge(
      'herd_link_clock_offset_seconds',
      "Clock of each connected neighbour minus this server's.",
      links.flatMap(({ neighbour, clockOffsetMs }): Sample[] =>
        clockOffsetMs === null ? [] : [[{ neighbour }, clockOffsetMs / 1_000]],
      ),
    ),
    counter(
      'herd_link_lines_total',
      'Lines sent and received over each link.',
      perDirection(
        ({ linesIn }) => linesIn,
        ({ linesOut }) => linesOut,
      ),
    ),
    counter(
      'herd_link_bytes_total',
      'Bytes sent and received over each link, without TCP and TLS overhead.',
      perDirection(
        ({ bytesIn }) => bytesIn,
        ({ bytesOut }) => bytesOut,
      ),
    ),
    counter(
      'herd_link_learned_total',
      'New locations from each neighbour.',
      perNeighbour(({ learned }) => learned),
    ),
    counter(
      'herd_link_duplicates_total',
      'Locations from each neighbour that were not newer than the stored ones.',
      perNeighbour(({ received, learned }) => Math.max(0, received - learned)),
    ),
    counter(
      'herd_link_conflated_total',
      'Queued locations for slow neighbours that were replaced by newer ones.',
      perNeighbour(({ conflated }) => conflated),
    ),
  ];
}

function natsMetrics(status: StatusTracker, counts: ServerCounts): MetricData[] {
  const nats = status.natsSnapshot();
  if (nats === undefined) return [];
  const { short, ...held } = nats.partitions;
  return [
    gauge(
      'herd_nats_state',
      'Current state of the connection to NATS (1 = active).',
      natsStates.map((state): Sample => [{ state }, state === nats.state ? 1 : 0]),
    ),
    gauge('herd_members', 'Live servers of the herd on NATS, this one included.', [[{}, nats.members.length]]),
    gauge(
      'herd_partitions',
      'Partitions at this server, by state.',
      Object.entries(held).map(([state, count]): Sample => [{ state }, count]),
    ),
    gauge('herd_partitions_short', 'Partitions of the herd with fewer complete holders than configured.', [
      [{}, short],
    ]),
    counter('herd_nats_learned_total', 'New locations received over NATS.', [[{}, counts.learnedViaNats]]),
    counter('herd_partition_moved_locations_total', 'Locations of partitions received from other holders.', [
      [{}, counts.moved.locations],
    ]),
    counter('herd_partition_moved_bytes_total', 'Bytes of partitions received from other holders.', [
      [{}, counts.moved.bytes],
    ]),
    counter(
      'herd_remote_lookups_total',
      'Lookups of clients that other servers hold, by outcome.',
      byOutcome(counts.remoteLookups),
    ),
    histogram('herd_remote_lookup_duration_seconds', 'Seconds that lookups at other servers took.', [
      [{}, counts.remoteLookupSeconds],
    ]),
  ];
}

function upstreamMetrics({
  upstreamAttempts,
  upstreamRequests,
  upstreamAttemptSeconds,
  breakerState,
}: ServerCounts): MetricData[] {
  return [
    counter('herd_upstream_attempts_total', 'HTTP requests to the upstream, by outcome.', byOutcome(upstreamAttempts)),
    counter('herd_upstream_requests_total', 'Queries for the upstream, by outcome.', byOutcome(upstreamRequests)),
    histogram('herd_upstream_attempt_duration_seconds', 'Seconds that HTTP requests to the upstream took.', [
      [{}, upstreamAttemptSeconds],
    ]),
    gauge(
      'herd_upstream_breaker_state',
      'Current state of the circuit breaker (1 = active).',
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
