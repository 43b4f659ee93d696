import { LocationBatch } from '../../../protocol/place/location-batch.js';
import { createActor, type Actor as Machine } from 'xstate';
import type { ClientId } from '../../../protocol/place/ids.js';
import { pickNewer, type Location } from '../../../protocol/place/location.js';
import { BucketComparison, pageLocationsMax } from './bucket-comparison.js';
import { BucketFetches } from './bucket-fetches.js';
import { BucketMailbox } from './bucket-mailbox.js';
import { bucketMachine, type BucketActions } from './bucket-machine.js';
import { BucketReader } from './bucket-reader.js';
import { BucketWriter } from './bucket-writer.js';
import type { Actor, Bus } from '../../bus/bus.js';
import { sendLater } from '../../bus/send-later.js';
import type { Clock } from '../../ports/clock.js';
import type { BucketState } from '../../bus/events.js';
import type { Hold, BucketEntry, BucketSession, LocationBucket } from '../../ports/location-bucket.js';
import type { Limits } from '../../ports/limits.js';
import { addresses } from '../../addresses.js';
import { fromBucket, type BucketSpreadMessage, type FetchReason } from './messages.js';
import type { ListedMessage } from '../../bus/requests.js';
import type { Random } from '../../ports/random.js';

/** Clients that wait to be written, below which more of those that are held are asked for, to be compared. */
const comparedWaitingMax = 1_000;

/** What spreading over a bucket needs of the world. */
export interface BucketDependencies {
  readonly clock: Clock;
  readonly random: Random;
  readonly bucket: LocationBucket;
}

/**
 * Spreads locations by way of a bucket that all servers of the herd share, beside flood or instead of it: what is new here is written there, and
 * what others write is learned. A location only ever replaces one that it supersedes, there as here.
 */
export class NatsSpread implements Actor<BucketSpreadMessage> {
  private readonly life: Machine<typeof bucketMachine>;
  private readonly writer: BucketWriter;
  private readonly fetches: BucketFetches;
  private readonly comparison: BucketComparison;
  private readonly reader: BucketReader;
  private readonly mailbox: BucketMailbox;
  private session: BucketSession | undefined;
  private cancelWrite: (() => void) | undefined;

  /**
   * @param limits `maxClients`: clients of whom it is remembered what the bucket holds; as many, but 2,000 at least, may wait to be written
   * @param hold which clients the store holds
   */
  constructor(
    private readonly bus: Bus,
    private readonly edges: BucketDependencies,
    { maxClients, maxLineBytes }: Pick<Limits, 'maxClients' | 'maxLineBytes'>,
    private readonly hold: Hold,
  ) {
    const { bucket, clock, random } = edges;
    this.mailbox = new BucketMailbox(bus, addresses.bucketSpread);
    this.reader = new BucketReader(bus, bucket, maxLineBytes);
    this.fetches = new BucketFetches(bus, clock, bucket, this.reader);
    this.comparison = new BucketComparison(bus, clock, random);
    this.writer = new BucketWriter(
      { ...edges, bus, reader: this.reader, onOutdated: () => this.writeSoon(), onChange: () => this.tellHowItIsUp() },
      hold,
      maxClients,
    );
    const actions: BucketActions = {
      open: () => this.open(),
      hangUp: () => this.hangUp(),
      compare: () => this.beginToCompare(),
      takeUp: () => this.takeUp(),
      tell: (state, context) => this.tell(state, context),
    };
    this.life = createActor(bucketMachine, { clock, input: { random, actions } });
    this.life.subscribe({ error: (error) => bus.send(addresses.bucketSpread, { kind: 'machine-failed', error }) });
    this.life.start();
  }

  receive(message: BucketSpreadMessage): void {
    switch (message.kind) {
      case 'replicate':
        if (message.from === fromBucket) return;
        for (const location of message.batch) this.writer.add(location);
        return this.writeSoon();
      case 'write-due':
        this.cancelWrite = undefined;
        return this.write();
      case 'listed':
        return this.compare(message);
      case 'request-failed':
        return this.comparison.failed(message.requestId);
      case 'page-due':
        return this.comparison.ask(message.from);
      case 'fetch':
        return this.fetch(message.client, message.reason);
      case 'fetch-dropped':
        return this.fetches.drop(message.client, message.reason);
      case 'fetch-due':
        this.fetches.takeUnsaid();
        return this.askForWanted();
      case 'machine-failed':
        throw message.error;
      default:
        // What an earlier session still had to say counts no more.
        if (message.session === this.session) this.hear(message);
    }
  }

  stop(): void {
    this.cancelWrite?.();
    this.writeTheRest();
    this.life.send({ type: 'STOP' });
  }

  private hear(message: Extract<BucketSpreadMessage, { session: BucketSession }>): void {
    switch (message.kind) {
      case 'bucket-opened':
        this.writer.open(message.session);
        return this.life.send({ type: 'OPENED' });
      case 'bucket-warned':
        return this.reader.warn(message.reason);
      case 'bucket-changed':
        return this.learn(message.entries);
      case 'bucket-loaded':
        this.life.send({ type: 'LOADED' });
        if (this.hold === 'touched') this.bus.send(addresses.touchedStore, { kind: 'bucket-back' });
        return;
      case 'bucket-closed':
        return this.life.send({ type: 'LOST', reason: message.reason });
      case 'put-ended':
        this.writer.putEnded(message.session, message.write, message.outcome);
        return this.write();
      case 'get-ended':
        this.writer.getEnded(message.session, message.write, message.outcome);
        return this.write();
      case 'fetch-ended':
        this.tellFetched(message.client, this.fetches.settle(message.client, message.outcome));
        return this.fetches.ask(message.session);
      default:
        message satisfies never;
    }
  }

  private open(): void {
    this.session = this.edges.bucket.open(this.mailbox, this.hold === 'all' ? 'everything' : 'changes');
  }

  private hangUp(): void {
    const { session } = this;
    this.session = undefined;
    this.comparison.end();
    session?.close();
    this.writer.end();
    this.fetches.putAllBack();
  }

  /** Takes in what the bucket holds or has been changed to. Whether that is of interest here the store decides. */
  private learn(entries: readonly BucketEntry[]): void {
    const locations: Location[] = [];
    for (const entry of entries) {
      const location = this.reader.locationIn(entry);
      if (location === undefined) continue;
      this.fetches.see(location);
      if (this.writer.noteChange(location, entry.revision)) locations.push(location);
    }
    if (locations.length === 0) return;
    this.bus.send(addresses.store, { kind: 'learned', batch: LocationBatch.of(locations), from: fromBucket });
  }

  private beginToCompare(): void {
    this.comparison.begin();
    this.goOnComparing();
  }

  /**
   * Who asks for all that is held, asks for some of it when what else there is to write has got through, but for what a shard does not
   * take; and only as long as nothing is given up for it that may be held nowhere else.
   */
  private goOnComparing(): void {
    const { moving, room } = this.writer;
    if (this.hold === 'all' || (moving < comparedWaitingMax && room >= pageLocationsMax)) this.comparison.goOn();
  }

  /** Takes a page of what the store holds. What may be lacking in the bucket is written, or asked for first. */
  private compare(page: ListedMessage): void {
    for (const location of this.comparison.take(page)) if (this.writer.isMissing(location)) this.writer.add(location);
    this.write();
  }

  /** The store wants a client that it does not hold. Of one that is written about here the newest is known already. */
  private fetch(client: ClientId, reason: FetchReason): void {
    const isUp = this.isUp();
    const inBucket = isUp ? this.writer.inBucket(client) : undefined;
    const isKnown = inBucket !== undefined || (!isUp && this.writer.newestWaiting(client) !== undefined);
    if (isKnown || !this.fetches.add(client, reason)) return this.tellFetched(client, inBucket);
    this.askForWanted();
  }

  private askForWanted(): void {
    if (this.isUp() && this.session !== undefined) this.fetches.ask(this.session);
  }

  private tellFetched(client: ClientId, inBucket: Location | undefined): void {
    const waiting = this.writer.newestWaiting(client);
    const location = waiting === undefined ? inBucket : pickNewer(waiting, inBucket);
    this.bus.send(addresses.touchedStore, { kind: 'fetched', client, location });
  }

  /** Writes in a turn to come, with whatever else is reported until then: whoever reports is answered first. */
  private writeSoon(): void {
    const { bus, edges } = this;
    this.cancelWrite ??= sendLater({ bus, clock: edges.clock }, addresses.bucketSpread, { kind: 'write-due' }, 0);
  }

  private write(): void {
    this.writer.write();
    this.goOnComparing();
  }

  /** The bucket takes writes and answers questions from now on. */
  private takeUp(): void {
    if (this.session === undefined) return;
    this.writer.begin(this.session);
    this.fetches.ask(this.session);
  }

  /** The server stops: what nobody else may hold is written at once, and nobody waits for what becomes of it. */
  private writeTheRest(): void {
    const { session } = this;
    if (session === undefined || !this.isUp()) return;
    this.session = undefined;
    this.mailbox.close();
    void this.writer.writeRemaining(session).finally(() => session.close());
  }

  private isUp(): boolean {
    return this.life.getSnapshot().matches('up');
  }

  private tellHowItIsUp(): void {
    const { trouble } = this.writer;
    if (trouble === undefined) this.tell('live', { reason: '', retryInMs: 0 });
    else this.tell('write-blocked', trouble);
  }

  private tell(
    state: BucketState,
    { reason, retryInMs }: { readonly reason: string; readonly retryInMs: number },
  ): void {
    const pauses = state === 'write-blocked' || state === 'disconnected';
    const isWell = state === 'live' || state === 'stopped';
    this.bus.publish({
      kind: 'bucket',
      state,
      reason: isWell ? '' : reason,
      retryInMs: pauses ? retryInMs : 0,
      pendingWrites: this.writer.waiting,
    });
  }
}
