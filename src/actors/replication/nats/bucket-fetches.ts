import type { ClientId } from '../../../protocol/place/ids.js';
import { pickNewer, type Location } from '../../../protocol/place/location.js';
import type { BucketReader } from './bucket-reader.js';
import type { Bus } from '../../bus/bus.js';
import { sendLater } from '../../bus/send-later.js';
import type { Clock } from '../../ports/clock.js';
import type { BucketSession, GetOutcome, LocationBucket } from '../../ports/location-bucket.js';
import { addresses } from '../../addresses.js';
import type { FetchReason } from './messages.js';

/** Clients of questions that wait to be asked for at most, while the bucket is away or slow. There are no more of watchers than are watched. */
const waitingMax = 10_000;

/** Questions to the bucket at once: enough that none waits for the way there and back of the one before. */
const flyingMax = 256;

/** How long it takes until the bucket is asked again for a watched client of which it did not say, in milliseconds: nobody waits for a line. */
const againAfterMs = 1_000;

/** A client that the bucket is being asked for. */
interface Fetch {
  /** For whom. */
  readonly reasons: Set<FetchReason>;
  /** The newest change received since the request; it may be newer than the response. */
  seen: Location | undefined;
}

/**
 * Clients that the bucket is asked for. Who asks a question may have no answer in time, and wants none then; a client that is watched is
 * asked for until the bucket has said what it holds.
 */
export class BucketFetches {
  private readonly waiting: Readonly<Record<FetchReason, Set<ClientId>>> = { question: new Set(), watch: new Set() };
  private readonly flying = new Map<ClientId, Fetch>();
  /** Watched clients of which the bucket did not say. */
  private readonly unsaid = new Set<ClientId>();
  private cancelTimer: (() => void) | undefined;

  constructor(
    readonly bus: Bus,
    readonly clock: Clock,
    private readonly bucket: LocationBucket,
    private readonly reader: BucketReader,
  ) {}

  /** Has a client asked for, unless it is already. Returns false if too many questions wait. */
  add(client: ClientId, reason: FetchReason): boolean {
    const fetch = this.flying.get(client);
    const waiting = this.waiting[reason];
    if (fetch !== undefined) fetch.reasons.add(reason);
    else if (reason === 'question' && waiting.size >= waitingMax) return false;
    else waiting.add(client);
    return true;
  }

  /** Nobody wants a client for that reason any more: it need not be asked for, unless it is already, or for the other. */
  drop(client: ClientId, reason: FetchReason): void {
    this.flying.get(client)?.reasons.delete(reason);
    this.waiting[reason].delete(client);
    if (reason === 'watch') this.unsaid.delete(client);
  }

  /** Asks for those that wait, as far as not enough are asked for already: first for those whom somebody waits for. */
  ask(session: BucketSession): void {
    for (const reason of ['question', 'watch'] as const) {
      for (const client of this.waiting[reason]) {
        if (this.flying.size >= flyingMax) return;
        this.askFor(session, client);
      }
    }
  }

  /** The bucket has told of a change. */
  see(location: Location): void {
    const fetch = this.flying.get(location.client);
    if (fetch !== undefined) fetch.seen = pickNewer(location, fetch.seen);
  }

  /** A question has its answer. Returns the newest that the bucket is known to hold; undefined if it did not say, or has nothing. */
  settle(client: ClientId, outcome: GetOutcome): Location | undefined {
    const fetch = this.flying.get(client);
    this.flying.delete(client);
    const seen = fetch?.seen;
    if (outcome.kind === 'failed') {
      if (seen === undefined && fetch?.reasons.has('watch') === true) this.askAgainLater(client);
      return seen;
    }
    const read = outcome.entry && this.reader.locationIn(outcome.entry);
    return read === undefined ? seen : pickNewer(read, seen);
  }

  /** What is watched, and was not said, waits again. */
  takeUnsaid(): void {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    for (const client of this.unsaid) this.waiting.watch.add(client);
    this.unsaid.clear();
  }

  /** The questions that are under way will have no answer: they wait again. */
  putAllBack(): void {
    for (const [client, { reasons }] of this.flying) for (const reason of reasons) this.waiting[reason].add(client);
    this.flying.clear();
    this.takeUnsaid();
  }

  private askFor(session: BucketSession, client: ClientId): void {
    const reasons = (['question', 'watch'] as const).filter((reason) => this.waiting[reason].delete(client));
    this.flying.set(client, { reasons: new Set(reasons), seen: undefined });
    void session.get(this.bucket.keyOf(client)).then((outcome) => {
      this.bus.send(addresses.bucketSpread, { kind: 'fetch-ended', session, client, outcome });
    });
  }

  private askAgainLater(client: ClientId): void {
    this.unsaid.add(client);
    this.cancelTimer ??= sendLater(this, addresses.bucketSpread, { kind: 'fetch-due' }, againAfterMs);
  }
}
