import type { ClientId } from '../../../protocol/place/ids.js';
import { pickNewer, type Location } from '../../../protocol/place/location.js';
import { addresses } from '../../addresses.js';
import type { Actor, Bus } from '../../bus/bus.js';
import type { RemoteLookupEvent } from '../../bus/events.js';
import type { ActorRequest } from '../../bus/requests.js';
import { sendLater } from '../../bus/send-later.js';
import type { Clock } from '../../ports/clock.js';
import { maxLookups } from '../client-lookup.js';
import type { LookupMessage } from '../messages.js';
import type { PartitionLookupMessage } from './messages.js';

/** A lookup that has no response yet. */
interface PendingLookup {
  readonly id: number;
  readonly client: ClientId;
  readonly requesters: ActorRequest[];
  readonly startedMs: number;
  /** The newest location that is known so far: the server's own, or of a response. */
  newest: Location | undefined;
  /** Whether any server has responded. */
  hasResponse: boolean;
  /** Servers that were asked directly and have not responded; undefined while the lookup is in the queue group. */
  pendingHolders: number | undefined;
  readonly cancelTimers: (() => void)[];
}

/**
 * Looks up clients in partitions that are not complete here. A lookup goes to one of the complete holders. If there is none, or it does not
 * respond within half of the time, every holder is asked directly, and the newest location counts. The result is never older than what
 * is known here. Requests for the same client share a lookup.
 */
export class PartitionLookup implements Actor<LookupMessage | PartitionLookupMessage> {
  private readonly lookups = new Map<number, PendingLookup>();
  private readonly byClient = new Map<ClientId, PendingLookup>();
  private lastId = 0;

  /** @param timeoutMs maximum duration of a lookup in milliseconds */
  constructor(
    readonly bus: Bus,
    readonly clock: Clock,
    private readonly timeoutMs: number,
  ) {}

  receive(message: LookupMessage | PartitionLookupMessage): void {
    switch (message.kind) {
      case 'lookup':
        return this.lookUp(message.client, message.known, message);
      case 'lookup-response':
        return this.handleResponse(message.id, message.location);
      case 'lookup-unanswered':
        return this.handleUnanswered(message.id);
      case 'lookup-retry':
        return this.askHolders(message.id);
      case 'lookup-sent': {
        const lookup = this.lookups.get(message.id);
        if (lookup === undefined) return;
        lookup.pendingHolders = message.count;
        if (message.count === 0) this.finish(lookup);
        return;
      }
      case 'lookup-expired': {
        const lookup = this.lookups.get(message.id);
        if (lookup !== undefined) this.finish(lookup);
        return;
      }
      case 'client-found':
        return;
      case 'peer-lookup':
      case 'peer-unknown':
      case 'lookup-timeout':
        throw new Error(`a lookup over NATS has no neighbours, but received ${message.kind}`);
      default:
        message satisfies never;
    }
  }

  stop(): void {
    for (const { cancelTimers, requesters } of this.lookups.values()) {
      for (const cancel of cancelTimers) cancel();
      for (const { replyTo, requestId } of requesters) this.bus.send(replyTo, { kind: 'request-failed', requestId });
    }
    this.lookups.clear();
    this.byClient.clear();
  }

  private lookUp(client: ClientId, known: Location | undefined, { replyTo, requestId }: ActorRequest): void {
    const requester = { replyTo, requestId };
    const existing = this.byClient.get(client);
    if (existing !== undefined) {
      existing.requesters.push(requester);
      if (known !== undefined) existing.newest = pickNewer(known, existing.newest);
      return;
    }
    if (this.lookups.size >= maxLookups) {
      return this.bus.send(replyTo, { kind: 'located', requestId, location: known });
    }
    const id = (this.lastId += 1);
    const lookup: PendingLookup = {
      id,
      client,
      requesters: [requester],
      startedMs: this.clock.monotonicMs(),
      newest: known,
      hasResponse: false,
      pendingHolders: undefined,
      cancelTimers: [
        sendLater(this, addresses.partitionLookup, { kind: 'lookup-retry', id }, this.timeoutMs / 2),
        sendLater(this, addresses.partitionLookup, { kind: 'lookup-expired', id }, this.timeoutMs),
      ],
    };
    this.lookups.set(id, lookup);
    this.byClient.set(client, lookup);
    this.bus.send(addresses.nats, { kind: 'send-lookup', id, client, to: 'queue' });
  }

  private askHolders(id: number): void {
    const lookup = this.lookups.get(id);
    if (lookup === undefined || lookup.pendingHolders !== undefined) return;
    lookup.pendingHolders = Infinity;
    this.bus.send(addresses.nats, { kind: 'send-lookup', id, client: lookup.client, to: 'holders' });
  }

  private handleResponse(id: number, location: Location | undefined): void {
    const lookup = this.lookups.get(id);
    // A server may respond with another client's location by mistake.
    if (lookup === undefined || (location !== undefined && location.client !== lookup.client)) return;
    lookup.hasResponse = true;
    if (location !== undefined) lookup.newest = pickNewer(location, lookup.newest);
    if (lookup.pendingHolders === undefined) this.finish(lookup);
    else this.countHolder(lookup);
  }

  private handleUnanswered(id: number): void {
    const lookup = this.lookups.get(id);
    if (lookup?.pendingHolders === undefined) this.askHolders(id);
    else this.countHolder(lookup);
  }

  private countHolder(lookup: PendingLookup): void {
    lookup.pendingHolders = (lookup.pendingHolders ?? 0) - 1;
    if (lookup.pendingHolders <= 0) this.finish(lookup);
  }

  private finish(lookup: PendingLookup): void {
    const { id, client, cancelTimers, requesters, newest: location, startedMs } = lookup;
    this.lookups.delete(id);
    this.byClient.delete(client);
    for (const cancel of cancelTimers) cancel();
    const outcome: RemoteLookupEvent['outcome'] = !lookup.hasResponse
      ? 'timeout'
      : location === undefined
        ? 'unknown'
        : 'found';
    this.bus.publish({ kind: 'remote-lookup', outcome, tookMs: this.clock.monotonicMs() - startedMs });
    for (const { replyTo, requestId } of requesters) this.bus.send(replyTo, { kind: 'located', requestId, location });
  }
}
