import type { Clock } from '../../../actors/ports/clock.js';
import type {
  UpstreamAttemptOutcome,
  LinesEvent,
  UpstreamRequestOutcome,
  BreakerState,
  RemoteLookupEvent,
} from '../../../actors/bus/events.js';
import { viaNats } from '../../../actors/replication/messages.js';
import type { ServerId } from '../../../protocol/place/ids.js';
import type { LocationBatch } from '../../../protocol/place/location-batch.js';
import { NANOSECONDS_PER_SECOND, type Instant } from '../../../protocol/place/time.js';
import type { MessageBus } from '../../bus/message-bus.js';
import { CommandCounts } from './command-counts.js';
import { Histogram, secondsBounds } from './histogram.js';
import { RequestCounts } from './request-counts.js';

/** Counts of one link. */
export interface LinkCounts {
  readonly linesIn: number;
  readonly linesOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Locations received from the neighbour. */
  readonly received: number;
  /** Received locations that were new. */
  readonly learned: number;
  readonly conflated: number;
}

/** Counters since the start of a server, as in `GET /api/herd`. */
export interface CounterTotals {
  /** Commands of TCP and WebSocket clients. */
  readonly commands: number;
  /** New locations that clients reported here. */
  readonly reports: number;
  /** New locations from neighbours and over NATS. */
  readonly learned: number;
  /** Histogram of the propagation delay: `counts` has one entry per bound, and one more for longer delays. */
  readonly propagationDelay: { readonly boundsSeconds: readonly number[]; readonly counts: readonly number[] };
}

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

/** Counts the events of a server. */
export class ServerCounts {
  readonly commands: CommandCounts;
  readonly requests = new RequestCounts();
  readonly links = new Map<ServerId, Mutable<LinkCounts>>();
  /** Seconds from the receipt of a report by its first server until it was learned here, one sample per batch. */
  readonly propagationDelay = new Histogram(secondsBounds);
  readonly upstreamAttempts: Record<UpstreamAttemptOutcome, number> = {
    answered: 0,
    rejected: 0,
    rate_limited: 0,
    malformed: 0,
    failed: 0,
  };
  readonly upstreamRequests: Record<UpstreamRequestOutcome, number> = {
    answered: 0,
    cached: 0,
    coalesced: 0,
    failed: 0,
    circuit_open: 0,
    over_budget: 0,
    queue_full: 0,
  };
  readonly upstreamAttemptSeconds = new Histogram(secondsBounds);
  breakerState: BreakerState = 'closed';
  reports = 0;
  /** New locations received over NATS. */
  learnedViaNats = 0;
  readonly remoteLookups: Record<RemoteLookupEvent['outcome'], number> = { found: 0, unknown: 0, timeout: 0 };
  readonly remoteLookupSeconds = new Histogram(secondsBounds);
  /** Locations of partitions received from other servers that hold them, and the bytes of those. */
  readonly moved = { locations: 0, bytes: 0 };
  evictions = 0;
  deadLetters = 0;
  actorFailures = 0;
  descriptorShortages = 0;
  rejectedConnections = 0;
  subscribers = 0;
  conflatedSubscriptions = 0;
  /** Connections closed because the queued output of all clients exceeded its limit. */
  evictedConnections = 0;

  constructor(
    private readonly bus: MessageBus,
    private readonly clock: Clock,
    neighbours: readonly ServerId[],
  ) {
    this.commands = new CommandCounts(clock);
    for (const neighbour of neighbours) {
      const none = { linesIn: 0, linesOut: 0, bytesIn: 0, bytesOut: 0, received: 0, learned: 0, conflated: 0 };
      this.links.set(neighbour, none);
    }
    bus.on('lines', (event) => (event.party === 'client' ? this.commands.record(event) : this.recordLinkLines(event)));
    bus.on('locations-learned', ({ batch, from }) => this.recordLearned(batch, from));
    bus.on('conflated', ({ neighbour, count }) => {
      const link = this.links.get(neighbour);
      if (link !== undefined) link.conflated += count;
    });
    bus.on('subscribers', ({ subscribers }) => (this.subscribers = subscribers));
    bus.on('subscription-conflated', ({ count }) => (this.conflatedSubscriptions += count));
    bus.on('connection-evicted', () => (this.evictedConnections += 1));
    bus.on('client-disconnected', ({ remoteAddress }) => this.commands.removeClient(remoteAddress));
    bus.on('http-response', (event) => this.requests.record(event));
    bus.on('client-rejected', ({ count = 1 }) => (this.rejectedConnections += count));
    bus.on('location-evicted', ({ reason }) => (this.evictions += reason === 'full' ? 1 : 0));
    bus.on('partition-page', ({ locations, bytes }) => {
      this.moved.locations += locations;
      this.moved.bytes += bytes;
    });
    bus.on('remote-lookup', ({ outcome, tookMs }) => {
      this.remoteLookups[outcome] += 1;
      this.remoteLookupSeconds.add(tookMs / 1_000);
    });
    bus.on('dead-letter', ({ count }) => (this.deadLetters = count));
    bus.on('warning', ({ about }) => (this.descriptorShortages += about === 'descriptors' ? 1 : 0));
    bus.on('actor-failed', () => (this.actorFailures += 1));
    bus.on('upstream-attempt', ({ outcome, tookMs }) => {
      this.upstreamAttempts[outcome] += 1;
      this.upstreamAttemptSeconds.add(tookMs / 1_000);
    });
    bus.on('upstream-request', ({ outcome }) => (this.upstreamRequests[outcome] += 1));
    bus.on('upstream-breaker', ({ state }) => (this.breakerState = state));
  }

  /** Longest time, within the last one to two minutes, in which this server blocked its process, in milliseconds. */
  get longestTurnMs(): number {
    return this.bus.longestTurnMs;
  }

  get totals(): CounterTotals {
    const { commands, reports, links, propagationDelay } = this;
    return {
      commands: commands.total,
      reports,
      learned: [...links.values()].reduce((sum, { learned }) => sum + learned, this.learnedViaNats),
      propagationDelay: { boundsSeconds: propagationDelay.bounds, counts: propagationDelay.counts },
    };
  }

  private recordLinkLines({ direction, remoteAddress, lines }: LinesEvent): void {
    const link = this.links.get(remoteAddress as ServerId);
    if (link === undefined) return;
    const bytes = lines.end - lines.start;
    if (direction === 'in') {
      link.linesIn += lines.length;
      link.bytesIn += bytes;
      if (lines.areLocations) link.received += lines.length;
    } else {
      link.linesOut += lines.length;
      link.bytesOut += bytes;
    }
  }

  private recordLearned(batch: LocationBatch, from: ServerId | undefined): void {
    if (from === undefined) {
      this.reports += batch.count;
      return;
    }
    if (from === viaNats) this.learnedViaNats += batch.count;
    const link = this.links.get(from);
    if (link !== undefined) link.learned += batch.count;
    const receivedAt = batch.receiptTime(batch.count - 1);
    this.propagationDelay.add(Math.max(0, secondsBetween(receivedAt, this.clock.now())));
  }
}

/** Seconds from the receipt of a report by its first server until now, by the clocks of both servers. */
function secondsBetween(received: Instant, now: Instant): number {
  return now.seconds - received.seconds + (now.nanoseconds - received.nanoseconds) / NANOSECONDS_PER_SECOND;
}
