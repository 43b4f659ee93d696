import type { ClientId } from '../../../protocol/place/ids.js';
import type { Location } from '../../../protocol/place/location.js';
import type { Actor, Bus } from '../../bus/bus.js';
import type { Clock } from '../../ports/clock.js';
import { addresses } from '../../addresses.js';
import type { BucketLookupMessage } from './messages.js';
import type { ActorRequest } from '../../bus/requests.js';
import type { LookupMessage } from '../messages.js';
import { sendLater } from '../../bus/send-later.js';

/** Clients that are asked for at once. One more is answered as unknown: strangers may ask for what nobody knows. */
const searchesMax = 10_000;

/** A client that the bucket is asked for, and who waits for the answer. */
interface Search {
  readonly askers: ActorRequest[];
  readonly cancelTimer: () => void;
}

/**
 * Has the bucket asked for a client that the store does not hold, in the place of the seeker that asks neighbours. All who ask for
 * a client at the same time wait for the same answer. What the bucket does not say in time is unknown; should it say it later,
 * the next one who asks has it.
 */
export class BucketLookup implements Actor<LookupMessage | BucketLookupMessage> {
  private readonly searches = new Map<ClientId, Search>();

  /** @param withinMs how long a search may take, in milliseconds */
  constructor(
    readonly bus: Bus,
    readonly clock: Clock,
    private readonly withinMs: number,
  ) {}

  receive(message: LookupMessage | BucketLookupMessage): void {
    switch (message.kind) {
      case 'lookup':
        return this.seek(message.client, message);
      case 'client-found':
        return this.conclude(message.location.client, message.location);
      case 'nowhere':
        return this.conclude(message.client, undefined);
      case 'fetch-overdue':
        return this.giveUp(message.client);
      case 'lookup-timeout':
      case 'peer-lookup':
      case 'peer-unknown':
        throw new Error(`a lookup in the bucket has no neighbours, but received ${message.kind}`);
      default:
        message satisfies never;
    }
  }

  stop(): void {
    for (const { askers, cancelTimer } of this.searches.values()) {
      cancelTimer();
      for (const { replyTo, requestId } of askers) this.bus.send(replyTo, { kind: 'request-failed', requestId });
    }
    this.searches.clear();
  }

  private seek(client: ClientId, { replyTo, requestId }: ActorRequest): void {
    const asker = { replyTo, requestId };
    const search = this.searches.get(client);
    if (search !== undefined) {
      search.askers.push(asker);
      return;
    }
    if (this.searches.size >= searchesMax) return this.answer([asker], undefined);
    const cancelTimer = sendLater(this, addresses.bucketLookup, { kind: 'fetch-overdue', client }, this.withinMs);
    this.searches.set(client, { askers: [asker], cancelTimer });
    this.bus.send(addresses.bucketSpread, { kind: 'fetch', client, reason: 'question' });
  }

  private giveUp(client: ClientId): void {
    this.bus.send(addresses.bucketSpread, { kind: 'fetch-dropped', client, reason: 'question' });
    this.conclude(client, undefined);
  }

  private conclude(client: ClientId, location: Location | undefined): void {
    const search = this.searches.get(client);
    if (search === undefined) return;
    this.searches.delete(client);
    search.cancelTimer();
    this.answer(search.askers, location);
  }

  private answer(askers: readonly ActorRequest[], location: Location | undefined): void {
    for (const { replyTo, requestId } of askers) this.bus.send(replyTo, { kind: 'located', requestId, location });
  }
}
