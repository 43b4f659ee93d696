import type { Location } from '../../../protocol/place/location.js';
import type { Bus } from '../../bus/bus.js';
import { hashCount } from '../../store/hash-key.js';
import type { Clock } from '../../ports/clock.js';
import { addresses } from '../../addresses.js';
import type { ListedMessage } from '../../bus/requests.js';
import { sendLater } from '../../bus/send-later.js';
import type { Random } from '../../ports/random.js';

/** Locations in a page: few enough that a page does not hold up the commands of clients. */
export const pageLocationsMax = 500;

/** Pause before a page is asked for again over which the store failed, in milliseconds. */
const retryMs = 1_000;

/**
 * Has the store deal out all that it holds, page by page, to be compared with what the bucket holds. It begins anywhere and goes
 * round: servers that compare at the same time do not all write about the same clients. A page is dealt out when its owner has
 * it go on.
 */
export class BucketComparison {
  private pages: 'none' | 'up to the end' | 'from the start' = 'none';
  private start = 0;
  private question = 0;
  /** Where the next page begins; undefined while one is dealt out, or if there is none. */
  private following: number | undefined;
  /** Where the page begins that was asked for last. */
  private asked = 0;
  private cancelTimer: (() => void) | undefined;

  constructor(
    readonly bus: Bus,
    readonly clock: Clock,
    private readonly random: Random,
  ) {}

  begin(): void {
    this.end();
    this.start = Math.floor(this.random.next() * hashCount);
    this.pages = 'up to the end';
    this.following = this.start;
  }

  end(): void {
    this.cancelTimer?.();
    this.pages = 'none';
    this.following = undefined;
    this.question += 1;
  }

  /** Takes a page. Returns what is on it. */
  take({ requestId, locations, next }: ListedMessage): readonly Location[] {
    if (requestId !== this.question || this.pages === 'none') return [];
    this.following = this.followingOf(next);
    if (this.following === undefined) this.end();
    return locations;
  }

  /** The store failed over the page that it was asked for: it is asked for it again, after a pause. */
  failed(question: number): void {
    if (question !== this.question || this.pages === 'none') return;
    this.askLater(this.asked, retryMs);
  }

  /** Has the first page, or the one that follows the last one taken, dealt out after whatever else there is to do. */
  goOn(): void {
    const { following } = this;
    if (following === undefined) return;
    this.following = undefined;
    this.askLater(following, 0);
  }

  /** Asks the store for the page that begins at a cursor. */
  ask(from: number): void {
    const { question } = this;
    this.asked = from;
    const asked = { from, max: pageLocationsMax, replyTo: addresses.bucketSpread, requestId: question };
    this.bus.send(addresses.store, { kind: 'list', ...asked });
  }

  private followingOf(next: number | undefined): number | undefined {
    if (this.pages === 'from the start') return next !== undefined && next < this.start ? next : undefined;
    if (next !== undefined) return next;
    this.pages = 'from the start';
    return this.start === 0 ? undefined : 0;
  }

  private askLater(from: number, delayMs: number): void {
    this.cancelTimer = sendLater(this, addresses.bucketSpread, { kind: 'page-due', from }, delayMs);
  }
}
