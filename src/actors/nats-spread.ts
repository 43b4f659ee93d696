import { createActor, type Actor as Machine } from 'xstate';
import { formatBucketValue } from '../protocol/bucket-value.js';
import { supersedes, type Location } from '../protocol/location.js';
import { BucketComparison } from './bucket-comparison.js';
import { BucketContents } from './bucket-contents.js';
import { BucketMailbox } from './bucket-mailbox.js';
import { bucketMachine } from './bucket-machine.js';
import { BucketReader } from './bucket-reader.js';
import { BucketWrites, type Write } from './bucket-writes.js';
import type { Actor, Bus } from './bus.js';
import type { Clock } from './clock.js';
import type { BucketState } from './events.js';
import type { BucketEntry, BucketSession, GetOutcome, LocationBucket, PutOutcome } from './location-bucket.js';
import { addresses, fromBucket, type BucketSpreadMessage, type FloodMessage } from './messages.js';
import type { Random } from './random.js';

/** Locations on their way into the bucket at once: enough that none waits for the way there and back of the one before. */
const flyingMax = 256;

/** How often in a row others may get in between before a write waits: each time one of them has got on. */
const conflictsMax = 10;

/** What spreading over a bucket needs of the world. */
export interface BucketEdges {
  readonly clock: Clock;
  readonly random: Random;
  readonly bucket: LocationBucket;
}

/**
 * Spreads locations by way of a bucket that all servers of the herd share, in flood's place: what is new here is written there,
 * and what others write is learned. A location only ever replaces one that it supersedes, there as here.
 */
export class NatsSpread implements Actor<FloodMessage | BucketSpreadMessage> {
  private readonly life: Machine<typeof bucketMachine>;
  private readonly contents: BucketContents;
  private readonly writes = new BucketWrites(flyingMax);
  private readonly comparison: BucketComparison;
  private readonly reader: BucketReader;
  private session: BucketSession | undefined;
  private dueTimer: unknown;

  /** @param clientsMax clients of whom it is remembered what the bucket holds */
  constructor(
    private readonly bus: Bus,
    private readonly edges: BucketEdges,
    clientsMax: number,
  ) {
    this.contents = new BucketContents(clientsMax);
    this.reader = new BucketReader(bus, edges.bucket);
    this.comparison = new BucketComparison(bus, edges.clock, edges.random);
    this.life = createActor(
      bucketMachine.provide({
        actions: {
          open: () => this.open(),
          hangUp: () => this.hangUp(),
          compare: () => this.comparison.begin(),
          write: () => this.writeWhatWaits(),
          tell: ({ context }, { state }) => this.tell(state, context),
        },
      }),
      { clock: edges.clock, input: { random: edges.random } },
    );
    this.life.subscribe({ error: (error) => bus.send(addresses.bucketSpread, { kind: 'machine-failed', error }) });
    this.life.start();
  }

  receive(message: FloodMessage | BucketSpreadMessage): void {
    switch (message.kind) {
      case 'spread':
        if (message.from === fromBucket) return;
        for (const location of message.locations) this.writes.add(location);
        return this.writeSoon();
      case 'write-due':
        this.dueTimer = undefined;
        return this.write();
      case 'tell':
        // Who asks over links is told over links; there are none.
        return;
      case 'listed':
        for (const location of this.comparison.take(message)) if (this.lacks(location)) this.writes.add(location);
        return this.write();
      case 'machine-failed':
        throw message.error;
      default:
        // What an earlier session still had to say counts no more.
        if (message.session === this.session) this.hear(message);
    }
  }

  stop(): void {
    this.edges.clock.clearTimeout(this.dueTimer);
    this.writeTheRest();
    this.life.send({ type: 'STOP' });
  }

  private hear(message: Extract<BucketSpreadMessage, { session: BucketSession }>): void {
    switch (message.kind) {
      case 'bucket-opened':
        return this.life.send({ type: 'OPENED' });
      case 'bucket-changed':
        return this.learn(message.entries);
      case 'bucket-loaded':
        return this.life.send({ type: 'LOADED' });
      case 'bucket-closed':
        return this.life.send({ type: 'LOST', reason: message.reason });
      case 'put-ended':
        this.putEnded(message.session, message.write, message.outcome);
        return this.write();
      case 'get-ended':
        this.getEnded(message.session, message.write, message.outcome);
        return this.write();
      default:
        message satisfies never;
    }
  }

  private open(): void {
    this.contents.clear();
    this.session = this.edges.bucket.open(new BucketMailbox(this.bus, addresses.bucketSpread));
  }

  private hangUp(): void {
    const { session } = this;
    this.session = undefined;
    this.comparison.end();
    session?.close();
    this.writes.putAllBack();
  }

  /** Takes in what the bucket holds. */
  private learn(entries: readonly BucketEntry[]): void {
    const locations: Location[] = [];
    for (const entry of entries) {
      const location = this.reader.locationIn(entry);
      if (location !== undefined && this.note(location, entry.revision)) locations.push(location);
    }
    if (locations.length > 0) this.bus.send(addresses.store, { kind: 'learned', locations, from: fromBucket });
  }

  /** Notes what the bucket holds of a client; tells whether it was not known here to stand there. */
  private note(location: Location, revision: number): boolean {
    const held = this.contents.get(location.client);
    const known = held?.location;
    // A write that was long on its way came into a bucket made anew, at a revision that fitted by chance. Nobody else mends that.
    if (held?.location !== undefined && revision > held.revision && supersedes(held.location, location)) {
      this.writes.add(held.location);
      this.writeSoon();
    }
    const isNews = known?.line !== location.line;
    // One that is there already is the store's own: two of each would take twice the memory.
    this.contents.note(location.client, isNews ? location : known, revision);
    return isNews;
  }

  /** Whether the bucket is known to hold nothing that the location would not supersede. */
  private lacks(location: Location): boolean {
    const held = this.contents.get(location.client)?.location;
    return held === undefined || supersedes(location, held);
  }

  /** Writes in a turn to come, with whatever else is reported until then: whoever reports is answered first. */
  private writeSoon(): void {
    const { clock } = this.edges;
    this.dueTimer ??= clock.setTimeout(() => this.bus.send(addresses.bucketSpread, { kind: 'write-due' }), 0);
  }

  private write(): void {
    if (this.life.getSnapshot().hasTag('writing')) this.writeWhatWaits();
  }

  private writeWhatWaits(): void {
    const { session } = this;
    if (session === undefined) return;
    for (let write = this.writes.take(); write !== undefined; write = this.writes.take()) this.put(session, write);
    // What it did not take may have been written by another meanwhile: then there is nothing to try it with.
    if (this.writes.size === 0) this.unblock();
  }

  /** Most writes are stored: the machine hears only of what changes something. */
  private unblock(): void {
    if (this.life.getSnapshot().context.failures > 0) this.life.send({ type: 'STORED' });
  }

  private put(session: BucketSession, write: Write): void {
    const { location } = write;
    if (!this.lacks(location)) return this.writes.settle(write);
    void this.putInto(session, location).then((outcome) => {
      this.bus.send(addresses.bucketSpread, { kind: 'put-ended', session, write, outcome });
    });
  }

  private putInto(session: BucketSession, location: Location): Promise<PutOutcome> {
    const { client } = location;
    const revision = this.contents.get(client)?.revision ?? 0;
    return session.put(this.edges.bucket.keyOf(client), formatBucketValue(location), revision);
  }

  /** The server stops: what nobody else may hold is written at once, and nobody waits for what becomes of it. */
  private writeTheRest(): void {
    const { session } = this;
    if (session === undefined || !this.life.getSnapshot().hasTag('writing')) return;
    for (const location of this.writes.takeAll()) void this.putInto(session, location);
  }

  private putEnded(session: BucketSession, write: Write, outcome: PutOutcome): void {
    const { location } = write;
    switch (outcome.kind) {
      case 'stored':
        this.contents.note(location.client, location, outcome.revision);
        this.writes.settle(write);
        return this.unblock();
      case 'conflict':
        return this.askWhatStands(session, write);
      case 'refused':
        this.writes.settle(write);
        return this.reader.warn(`a location does not fit into the bucket, and is not spread: ${outcome.reason}`);
      case 'failed':
        this.writes.putBack(write);
        return this.life.send({ type: 'BLOCKED', reason: outcome.reason });
    }
  }

  private askWhatStands(session: BucketSession, write: Write): void {
    write.conflicts += 1;
    if (write.conflicts > conflictsMax) {
      this.writes.putBack(write);
      return this.life.send({ type: 'BLOCKED', reason: 'others write about the same client all the time' });
    }
    const key = this.edges.bucket.keyOf(write.location.client);
    void session.get(key).then((outcome) => {
      this.bus.send(addresses.bucketSpread, { kind: 'get-ended', session, write, outcome });
    });
  }

  private getEnded(session: BucketSession, write: Write, outcome: GetOutcome): void {
    if (outcome.kind === 'failed') {
      this.writes.putBack(write);
      return this.life.send({ type: 'BLOCKED', reason: outcome.reason });
    }
    const { client } = write.location;
    const { entry } = outcome;
    if (entry?.value === undefined) {
      this.contents.forget(client);
      if (entry !== undefined) this.contents.note(client, undefined, entry.revision);
    } else if (this.reader.locationIn(entry) === undefined) {
      // What is not understood is not written over: it may be newer.
      return this.writes.settle(write);
    } else this.learn([entry]);
    this.put(session, write);
  }

  private tell(
    state: BucketState,
    { reason, retryInMs }: { readonly reason: string; readonly retryInMs: number },
  ): void {
    const pauses = state === 'blocked' || state === 'away';
    const isWell = state === 'live' || state === 'stopped';
    const { size: waiting } = this.writes;
    this.bus.publish({
      kind: 'bucket',
      state,
      reason: isWell ? '' : reason,
      retryInMs: pauses ? retryInMs : 0,
      waiting,
    });
  }
}
