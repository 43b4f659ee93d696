import type { ClientId, ServerId } from '../../protocol/place/ids.js';
import { LocationBatch } from '../../protocol/place/location-batch.js';
import type { LookupLine } from '../../protocol/peer/peer-line.js';
import type { Actor, Bus } from '../bus/bus.js';
import type { Clock } from '../ports/clock.js';
import { addresses } from '../addresses.js';
import type { RateLimitedRequest, ActorRequest } from '../bus/requests.js';
import type { LookupMessage } from './messages.js';
import type { Random } from '../ports/random.js';
import { sendLater } from '../bus/send-later.js';
import { TokenBucket } from '../time/token-bucket.js';

/** Maximum hops of a lookup: more than the diameter of any herd. */
const maxHops = 16;

/** Maximum lookups in memory. Beyond it, a client counts as unknown: anyone can look up clients that do not exist. */
export const maxLookups = 10_000;

/** A lookup of a client among the neighbours. */
interface PendingLookup {
  readonly id: string;
  readonly client: ClientId;
  /** The neighbour that sent the lookup; undefined for a client of this server. */
  readonly from: ServerId | undefined;
  readonly requesters: ActorRequest[];
  /** The neighbours that have not responded. */
  readonly pendingNeighbours: Set<ServerId>;
  cancelTimer: () => void;
  /** Whether it has its response. Its ID is kept for a while, as the request may arrive over other links. */
  isFinished: boolean;
}

/** A location that was found, and whether it is flooded to the neighbours. */
type Found = Pick<Extract<LookupMessage, { kind: 'client-found' }>, 'location' | 'isFlooded'>;

/** Settings of the client lookup. */
export interface LookupSettings {
  readonly server: ServerId;
  readonly neighbours: readonly ServerId[];
  /** Timeout of a lookup in milliseconds. */
  readonly timeoutMs: number;
  /** Maximum lookups per second for clients of this server. Beyond it, a client counts as unknown at once. */
  readonly maxPerSecond: number;
  /** Maximum of those for clients of one remote host. */
  readonly maxPerSecondPerAddress: number;
}

/**
 * Hop-limited distributed lookup of a client that the store does not know: the neighbours look it up in their stores and among their
 * neighbours. A server that knows the client sends its location, which every server on the path learns like any other. A lookup that
 * arrives again over another link is answered as unknown at once, as the first one will be answered.
 */
export class ClientLookup implements Actor<LookupMessage> {
  private readonly lookups = new Map<string, PendingLookup>();
  private readonly byClient = new Map<ClientId, Set<PendingLookup>>();
  /** Limits lookups because each one reaches the whole herd at no cost to the client. */
  private readonly rateLimiter: TokenBucket;
  /** Lookups started per remote host since `windowStartMs`, less than a second ago. */
  private readonly startedPerHost = new Map<string, number>();
  private windowStartMs = -Infinity;

  constructor(
    readonly bus: Bus,
    readonly clock: Clock,
    private readonly random: Random,
    private readonly settings: LookupSettings,
  ) {
    this.rateLimiter = new TokenBucket(settings.maxPerSecond, clock.monotonicMs());
  }

  receive(message: LookupMessage): void {
    switch (message.kind) {
      case 'lookup':
        return this.lookUp(message.client, message);
      case 'peer-lookup':
        return this.forward(message.from, message.lookup);
      case 'peer-unknown': {
        const lookup = this.lookups.get(message.id);
        if (lookup?.pendingNeighbours.delete(message.from) === true && lookup.pendingNeighbours.size === 0)
          this.finish(lookup, undefined);
        return;
      }
      case 'lookup-timeout':
        return this.handleTimeout(message.id);
      case 'client-found':
        for (const lookup of this.byClient.get(message.location.client) ?? []) this.finish(lookup, message);
        return;
      default:
        message satisfies never;
    }
  }

  stop(): void {
    for (const { cancelTimer, isFinished, requesters } of this.lookups.values()) {
      cancelTimer();
      if (isFinished) continue;
      for (const { replyTo, requestId } of requesters) this.bus.send(replyTo, { kind: 'request-failed', requestId });
    }
    this.lookups.clear();
    this.byClient.clear();
  }

  private lookUp(client: ClientId, requester: RateLimitedRequest): void {
    const existing = [...(this.byClient.get(client) ?? [])].find(({ from }) => from === undefined);
    if (existing !== undefined) {
      existing.requesters.push(requester);
      return;
    }
    if (!this.mayStart(requester.remoteHost)) {
      return this.bus.send(requester.replyTo, { kind: 'located', requestId: requester.requestId, location: undefined });
    }
    const id = `${this.settings.server}:${Math.floor(this.random.next() * Number.MAX_SAFE_INTEGER).toString(36)}`;
    this.start({ kind: 'SEEK', id, hops: maxHops, client }, undefined, [requester]);
  }

  /** Whether a client of a host may start a lookup now. One that exceeds its host's limit does not count for the others. */
  private mayStart(remoteHost: string): boolean {
    const nowMs = this.clock.monotonicMs();
    if (nowMs - this.windowStartMs >= 1_000) {
      this.windowStartMs = nowMs;
      this.startedPerHost.clear();
    }
    const started = this.startedPerHost.get(remoteHost) ?? 0;
    if (started >= this.settings.maxPerSecondPerAddress || !this.rateLimiter.tryTake(nowMs)) return false;
    this.startedPerHost.set(remoteHost, started + 1);
    return true;
  }

  private forward(from: ServerId, lookup: LookupLine): void {
    if (this.lookups.has(lookup.id) || lookup.hops === 0) return this.sendUnknown(from, lookup.id);
    this.start({ ...lookup, hops: Math.min(lookup.hops, maxHops) - 1 }, from, []);
  }

  private start(line: LookupLine, from: ServerId | undefined, requesters: ActorRequest[]): void {
    const { id, client } = line;
    const neighbours = this.settings.neighbours.filter((neighbour) => neighbour !== from);
    const lookup: PendingLookup = {
      id,
      client,
      from,
      requesters,
      pendingNeighbours: new Set(neighbours),
      cancelTimer: () => undefined,
      isFinished: false,
    };
    if (neighbours.length === 0 || this.lookups.size >= maxLookups) return this.respond(lookup, undefined);
    lookup.cancelTimer = this.scheduleTimeout(id);
    this.lookups.set(id, lookup);
    this.byClient.set(client, (this.byClient.get(client) ?? new Set()).add(lookup));
    for (const neighbour of neighbours) this.bus.send(addresses.link(neighbour), { kind: 'send-line', line });
  }

  private finish(lookup: PendingLookup, found: Found | undefined): void {
    if (lookup.isFinished) return;
    lookup.isFinished = true;
    lookup.cancelTimer();
    const sameClient = this.byClient.get(lookup.client);
    if (sameClient?.delete(lookup) === true && sameClient.size === 0) this.byClient.delete(lookup.client);
    // Its ID is kept as long as it may still arrive over other links.
    lookup.cancelTimer = this.scheduleTimeout(lookup.id);
    this.respond(lookup, found);
  }

  private scheduleTimeout(id: string): () => void {
    return sendLater(this, addresses.lookup, { kind: 'lookup-timeout', id }, this.settings.timeoutMs);
  }

  /** Handles the timeout of a lookup, or removes one whose ID was kept long enough. */
  private handleTimeout(id: string): void {
    const lookup = this.lookups.get(id);
    if (lookup?.isFinished === false) this.finish(lookup, undefined);
    else this.lookups.delete(id);
  }

  private respond({ id, from, requesters }: PendingLookup, found: Found | undefined): void {
    const location = found?.location;
    for (const { replyTo, requestId } of requesters) this.bus.send(replyTo, { kind: 'located', requestId, location });
    if (from === undefined) return;
    if (found === undefined) return this.sendUnknown(from, id);
    if (found.isFlooded) return;
    this.bus.send(addresses.flood, { kind: 'send-to', batch: LocationBatch.of([found.location]), to: from });
  }

  private sendUnknown(to: ServerId, id: string): void {
    this.bus.send(addresses.link(to), { kind: 'send-line', line: { kind: 'UNKNOWN', id } });
  }
}
