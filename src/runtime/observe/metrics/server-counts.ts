import type { Clock } from '../../../actors/ports/clock.js';
import type { CallOutcome, LinesEvent, QuestionOutcome, UpstreamState } from '../../../actors/bus/events.js';
import { fromBucket } from '../../../actors/bus/messages.js';
import type { ServerId } from '../../../protocol/place/ids.js';
import type { Location } from '../../../protocol/place/location.js';
import { NANOSECONDS, type Instant } from '../../../protocol/place/time.js';
import type { MessageBus } from '../../bus/message-bus.js';
import { CommandCounts } from './command-counts.js';
import { Histogram, secondsBounds } from './histogram.js';
import { RequestCounts } from './request-counts.js';

/** What went over a link. */
export interface LinkCounts {
  readonly linesIn: number;
  readonly linesOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Locations that the neighbour told. */
  readonly told: number;
  /** Of those, the ones that were new. */
  readonly learned: number;
  readonly conflated: number;
}

/** What a server has counted since it started, as far as people compare two looks at it. */
export interface Totals {
  /** Commands of clients that speak lines. */
  readonly commands: number;
  /** New locations that clients reported here. */
  readonly reports: number;
  /** New locations from neighbours. */
  readonly learned: number;
  /** How long reports took to get here: for each bound how many took at most that long, and one more for those that took longer. */
  readonly spread: { readonly boundsSeconds: readonly number[]; readonly counts: readonly number[] };
}

type Counting<Type> = { -readonly [Key in keyof Type]: Type[Key] };

const A = 65;

/** Counts what happens in a server, in plain numbers, a batch at a time. It only listens. */
export class ServerCounts {
  readonly commands: CommandCounts;
  readonly requests = new RequestCounts();
  readonly links = new Map<ServerId, Counting<LinkCounts>>();
  /** From when a report reached its first server until it was learned here, in seconds: one sample a batch. */
  readonly spread = new Histogram(secondsBounds);
  readonly upstreamCalls: Record<CallOutcome, number> = {
    answered: 0,
    refused: 0,
    limited: 0,
    rubbish: 0,
    failed: 0,
  };
  readonly upstreamQuestions: Record<QuestionOutcome, number> = {
    answered: 0,
    cached: 0,
    joined: 0,
    failed: 0,
    tripped: 0,
    'over-budget': 0,
    crowded: 0,
  };
  readonly upstreamSeconds = new Histogram(secondsBounds);
  breaker: UpstreamState = 'available';
  reported = 0;
  /** New locations that were read in the bucket. */
  private readInBucket = 0;
  forgotten = 0;
  fetched = 0;
  deadLetters = 0;
  failures = 0;
  shortages = 0;
  refused = 0;
  watchers = 0;
  watchConflated = 0;
  /** Clients that were closed because too much waited for all together. */
  evicted = 0;

  constructor(
    private readonly bus: MessageBus,
    private readonly clock: Clock,
    neighbours: readonly ServerId[],
  ) {
    this.commands = new CommandCounts(clock);
    for (const neighbour of neighbours) {
      const none = { linesIn: 0, linesOut: 0, bytesIn: 0, bytesOut: 0, told: 0, learned: 0, conflated: 0 };
      this.links.set(neighbour, none);
    }
    bus.on('lines', (event) => (event.party === 'client' ? this.commands.note(event) : this.noteLink(event)));
    bus.on('locations-learned', ({ locations, from }) => this.noteLearned(locations, from));
    bus.on('conflated', ({ neighbour, count }) => {
      const link = this.links.get(neighbour);
      if (link !== undefined) link.conflated += count;
    });
    bus.on('watchers', ({ watchers }) => (this.watchers = watchers));
    bus.on('watch-conflated', ({ count }) => (this.watchConflated += count));
    bus.on('client-evicted', () => (this.evicted += 1));
    bus.on('client-disconnected', ({ far }) => this.commands.forget(far));
    bus.on('http-answered', (event) => this.requests.note(event));
    bus.on('client-refused', ({ count = 1 }) => (this.refused += count));
    bus.on('location-forgotten', () => (this.forgotten += 1));
    bus.on('location-fetched', () => (this.fetched += 1));
    bus.on('dead-letter', ({ count }) => (this.deadLetters = count));
    bus.on('warning', ({ about }) => (this.shortages += about === 'descriptors' ? 1 : 0));
    bus.on('actor-failed', () => (this.failures += 1));
    bus.on('upstream-request', ({ outcome, tookMs }) => {
      this.upstreamCalls[outcome] += 1;
      this.upstreamSeconds.add(tookMs / 1_000);
    });
    bus.on('upstream-question', ({ outcome }) => (this.upstreamQuestions[outcome] += 1));
    bus.on('upstream', ({ state }) => (this.breaker = state));
  }

  /** The longest turn of the last one to two minutes, in milliseconds. */
  get longestTurnMs(): number {
    return this.bus.longestTurnMs;
  }

  get totals(): Totals {
    const { commands, reported, links, spread } = this;
    return {
      commands: commands.total,
      reports: reported,
      learned: [...links.values()].reduce((sum, { learned }) => sum + learned, this.readInBucket),
      spread: { boundsSeconds: spread.bounds, counts: spread.counts },
    };
  }

  private noteLink({ direction, far, lines }: LinesEvent): void {
    const link = this.links.get(far as ServerId);
    if (link === undefined) return;
    let bytes = lines.length;
    let told = 0;
    for (const line of lines) {
      bytes += line.length;
      if (line.charCodeAt(0) === A) told += 1;
    }
    if (direction === 'in') {
      link.linesIn += lines.length;
      link.bytesIn += bytes;
      link.told += told;
    } else {
      link.linesOut += lines.length;
      link.bytesOut += bytes;
    }
  }

  private noteLearned(locations: readonly Location[], from: ServerId | undefined): void {
    if (from === undefined) {
      this.reported += locations.length;
      return;
    }
    if (from === fromBucket) this.readInBucket += locations.length;
    const link = this.links.get(from);
    if (link !== undefined) link.learned += locations.length;
    const last = locations.at(-1);
    if (last !== undefined) this.spread.add(Math.max(0, secondsSince(last, this.clock.now())));
  }
}

/** The seconds since a location reached its first server, by the clocks of both servers. */
function secondsSince({ received }: Location, now: Instant): number {
  return now.seconds - received.seconds + (now.nanoseconds - received.nanoseconds) / NANOSECONDS;
}
