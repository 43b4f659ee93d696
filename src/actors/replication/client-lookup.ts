import type { ClientId, ServerId } from '../../protocol/place/ids.js';
import type { SeekLine } from '../../protocol/peer/peer-line.js';
import type { Actor, Bus } from '../bus/bus.js';
import type { Clock } from '../ports/clock.js';
import { addresses, type CountedQuestion, type Question, type SeekerMessage } from '../bus/messages.js';
import type { Random } from '../ports/random.js';
import { sendLater } from '../bus/send-later.js';
import { TokenBucket } from '../time/token-bucket.js';

/** Servers that a question passes at most: more than any herd of neighbours is wide. */
const hopsMax = 16;

/** Searches that are remembered at once. One more is answered as unknown: strangers may ask for what nobody knows. */
export const searchesMax = 10_000;

/** A question to the herd, and who waits for its answer. */
interface Search {
  readonly id: string;
  readonly client: ClientId;
  /** The neighbour that asked; undefined if a client of this server did. */
  readonly from: ServerId | undefined;
  readonly askers: Question[];
  /** The neighbours that have not answered. */
  readonly waiting: Set<ServerId>;
  cancelTimer: () => void;
  state: 'open' | 'concluded';
}

/** Where a client is, and whether flood tells the neighbours by itself. */
type Found = Pick<Extract<SeekerMessage, { kind: 'appeared' }>, 'location' | 'spread'>;

/** What a seeker goes by. */
export interface SeekerSettings {
  readonly server: ServerId;
  readonly neighbours: readonly ServerId[];
  /** How long a search may take, in milliseconds. */
  readonly withinMs: number;
  /** Searches a second for clients of this server; one more is answered as unknown at once. */
  readonly perSecondMax: number;
  /** Of those, the searches for clients of one remote address. */
  readonly perSecondPerAddressMax: number;
}

/**
 * Asks the herd for a client that the store does not know: the neighbours, who ask theirs. Whoever knows sends the location,
 * and it is learned like any other by everyone on its way. A question that comes a second time, on another way, is answered
 * as unknown at once: the first will bring the answer.
 */
export class Seeker implements Actor<SeekerMessage> {
  private readonly searches = new Map<string, Search>();
  private readonly byClient = new Map<ClientId, Set<Search>>();
  /** A search is heard by the whole herd, and costs whoever starts it nothing. */
  private readonly pace: TokenBucket;
  /** Searches that each remote address has begun since `countedFromMs`, less than a second ago. */
  private readonly begun = new Map<string, number>();
  private countedFromMs = -Infinity;

  constructor(
    readonly bus: Bus,
    readonly clock: Clock,
    private readonly random: Random,
    private readonly settings: SeekerSettings,
  ) {
    this.pace = new TokenBucket(settings.perSecondMax, clock.monotonicMs());
  }

  receive(message: SeekerMessage): void {
    switch (message.kind) {
      case 'seek':
        return this.seek(message.client, message);
      case 'seek-heard':
        return this.passOn(message.from, message.seek);
      case 'unknown-heard': {
        const search = this.searches.get(message.id);
        if (search?.waiting.delete(message.from) === true && search.waiting.size === 0)
          this.conclude(search, undefined);
        return;
      }
      case 'search-due':
        return this.due(message.id);
      case 'appeared':
        for (const search of this.byClient.get(message.location.client) ?? []) this.conclude(search, message);
        return;
      default:
        message satisfies never;
    }
  }

  stop(): void {
    for (const { cancelTimer, state, askers } of this.searches.values()) {
      cancelTimer();
      if (state === 'concluded') continue;
      for (const { replyTo, question } of askers) this.bus.send(replyTo, { kind: 'question-failed', question });
    }
    this.searches.clear();
    this.byClient.clear();
  }

  private seek(client: ClientId, asker: CountedQuestion): void {
    const own = [...(this.byClient.get(client) ?? [])].find(({ from }) => from === undefined);
    if (own !== undefined) {
      own.askers.push(asker);
      return;
    }
    if (!this.maySeek(asker.address)) {
      return this.bus.send(asker.replyTo, { kind: 'located', question: asker.question, location: undefined });
    }
    const id = `${this.settings.server}:${Math.floor(this.random.next() * Number.MAX_SAFE_INTEGER).toString(36)}`;
    this.open({ kind: 'SEEK', id, hops: hopsMax, client }, undefined, [asker]);
  }

  /** Whether a client at an address may begin a search now. A search that its address may not begin takes nothing from the others. */
  private maySeek(address: string): boolean {
    const nowMs = this.clock.monotonicMs();
    if (nowMs - this.countedFromMs >= 1_000) {
      this.countedFromMs = nowMs;
      this.begun.clear();
    }
    const begun = this.begun.get(address) ?? 0;
    if (begun >= this.settings.perSecondPerAddressMax || !this.pace.take(nowMs)) return false;
    this.begun.set(address, begun + 1);
    return true;
  }

  private passOn(from: ServerId, seek: SeekLine): void {
    if (this.searches.has(seek.id) || seek.hops === 0) return this.sayUnknown(from, seek.id);
    this.open({ ...seek, hops: Math.min(seek.hops, hopsMax) - 1 }, from, []);
  }

  private open(seek: SeekLine, from: ServerId | undefined, askers: Question[]): void {
    const { id, client } = seek;
    const neighbours = this.settings.neighbours.filter((neighbour) => neighbour !== from);
    const search: Search = {
      id,
      client,
      from,
      askers,
      waiting: new Set(neighbours),
      cancelTimer: () => undefined,
      state: 'open',
    };
    if (neighbours.length === 0 || this.searches.size >= searchesMax) return this.answer(search, undefined);
    search.cancelTimer = this.sendDue(id);
    this.searches.set(id, search);
    this.byClient.set(client, (this.byClient.get(client) ?? new Set()).add(search));
    for (const neighbour of neighbours) this.bus.send(addresses.link(neighbour), { kind: 'say', line: seek });
  }

  private conclude(search: Search, found: Found | undefined): void {
    if (search.state === 'concluded') return;
    search.state = 'concluded';
    search.cancelTimer();
    const sameClient = this.byClient.get(search.client);
    if (sameClient?.delete(search) === true && sameClient.size === 0) this.byClient.delete(search.client);
    // Its id is kept for as long as it may still come on other ways.
    search.cancelTimer = this.sendDue(search.id);
    this.answer(search, found);
  }

  private sendDue(id: string): () => void {
    return sendLater(this, addresses.seeker, { kind: 'search-due', id }, this.settings.withinMs);
  }

  /** A search has had its time: it is answered; or its ID was kept long enough. */
  private due(id: string): void {
    const search = this.searches.get(id);
    if (search?.state === 'open') this.conclude(search, undefined);
    else this.searches.delete(id);
  }

  private answer({ id, from, askers }: Search, found: Found | undefined): void {
    const location = found?.location;
    for (const { replyTo, question } of askers) this.bus.send(replyTo, { kind: 'located', question, location });
    if (from === undefined) return;
    if (found === undefined) return this.sayUnknown(from, id);
    if (found.spread) return;
    this.bus.send(addresses.flood, { kind: 'tell', location: found.location, to: from });
  }

  private sayUnknown(to: ServerId, id: string): void {
    this.bus.send(addresses.link(to), { kind: 'say', line: { kind: 'UNKNOWN', id } });
  }
}
