import type { ByteString } from '../../protocol/text/bytes.js';
import type { ServerId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import {
  caughtUp,
  formatPeerAt,
  type DigestLine,
  type PeerLine,
  type PeerNews,
} from '../../protocol/peer/peer-line.js';
import type { Bus } from '../bus/bus.js';
import type { Clock } from '../ports/clock.js';
import type { Limits } from '../ports/limits.js';
import { addresses } from '../bus/messages.js';
import { Outbox, type OutboxSink } from './outbox.js';
import { sendLater } from '../bus/send-later.js';

/**
 * Pause between two pages of a catch-up, in milliseconds: about as long as a page takes both sides. Without it, clients of
 * both would wait behind page after page.
 */
const pagePauseMs = 2;

/**
 * Pause between two comparisons that a neighbour asks for, in milliseconds. One costs some milliseconds and an answer of up to
 * 700 KB. A neighbour asks when a link comes up and every `links.repairSeconds`; one that asks all the time gets ten a second.
 */
const comparePauseMs = 100;

/** After so long without a page, in milliseconds, a catch-up that has not ended is taken to have failed, and may begin again. */
const catchUpStuckMs = 1_000;

/** What a connected neighbour says of what it holds, and of what it looks for. */
type ExchangeLine = Extract<PeerLine, { kind: 'DIGEST' | 'BUCKETS' | 'SEEK' | 'UNKNOWN' }>;

/** How the far end of a connection is spoken to. */
export interface PeerVoice {
  /** Whether the far end takes what it is sent. */
  readonly hasRoom: boolean;
  sendLocation(line: ByteString): void;
  say(line: PeerNews): void;
}

/** What goes back and forth between connected neighbours, so that both hold the same locations. One a connection. */
export class PeerExchange {
  private readonly outbox: Outbox;
  private cancelPageTimer: (() => void) | undefined;
  private cancelCompareTimer: (() => void) | undefined;
  /** The newest digest of the neighbour that came while its wire had no room, or too soon after the one before. */
  private unanswered: DigestLine | undefined;
  /** The neighbour may ask for a catch-up while one is going on: however often it does, one more follows. */
  private catchUp: 'none' | 'going on' | 'again' = 'none';
  private pagedAtMs = 0;

  private readonly neighbour: ServerId;

  /** @param ends who speaks here, in whose name locations are passed on, and who is at the far end */
  constructor(
    readonly bus: Bus,
    readonly clock: Clock,
    { self, neighbour }: { readonly self: ServerId; readonly neighbour: ServerId },
    { linkBacklogBytesMax }: Pick<Limits, 'linkBacklogBytesMax'>,
    private readonly voice: PeerVoice,
  ) {
    this.neighbour = neighbour;
    const sink: OutboxSink = {
      get hasRoom() {
        return voice.hasRoom;
      },
      sendLocation: (location, line = formatPeerAt(location, self)) => voice.sendLocation(line),
      sendCaughtUp: () => this.caughtUp(),
      wantPage: () => this.wantPage(),
      dropped: () =>
        this.warn(`more than ${linkBacklogBytesMax} bytes waited for it, and it will compare what it holds`),
      wantComparison: () => bus.send(addresses.store, { kind: 'describe', neighbour, anew: false }),
    };
    this.outbox = new Outbox(sink, linkBacklogBytesMax);
    bus.send(addresses.store, { kind: 'describe', neighbour, anew: true });
  }

  /** Passes new locations on, with their lines. */
  forward(locations: readonly Location[], lines: readonly ByteString[]): void {
    const count = this.outbox.forward(locations, lines);
    if (count > 0) this.bus.publish({ kind: 'conflated', neighbour: this.neighbour, count });
  }

  /** Sends a page of the catch-up. */
  page(locations: readonly Location[], last: boolean): void {
    this.pagedAtMs = this.clock.monotonicMs();
    this.outbox.page(locations, last);
  }

  hear(said: ExchangeLine): void {
    const { bus, neighbour } = this;
    switch (said.kind) {
      case 'DIGEST':
        this.unanswered = said;
        return this.compare();
      case 'BUCKETS': {
        const { group, buckets } = said;
        return bus.send(addresses.store, { kind: 'buckets-told', neighbour, group, buckets });
      }
      case 'SEEK':
        return bus.send(addresses.store, { kind: 'sought', from: neighbour, seek: said });
      case 'UNKNOWN':
        return bus.send(addresses.seeker, { kind: 'unknown-heard', from: neighbour, id: said.id });
      default:
        said satisfies never;
    }
  }

  /** The neighbour has told all in which it differs: it is sent what it lacks. */
  compared(): void {
    const isStuck = this.clock.monotonicMs() - this.pagedAtMs >= catchUpStuckMs;
    if (this.catchUp !== 'none' && !isStuck) this.catchUp = 'again';
    else this.beginCatchUp();
  }

  /** The far end takes more. */
  drained(): void {
    this.compare();
    this.outbox.drained();
  }

  /** The pause after a comparison is over. */
  compareDue(): void {
    this.cancelCompareTimer = undefined;
    this.compare();
  }

  /** The pause after a page is over. */
  pageDue(): void {
    this.cancelPageTimer = undefined;
    this.bus.send(addresses.store, { kind: 'next-page', neighbour: this.neighbour });
  }

  /** The connection is over. */
  close(): void {
    this.cancelPageTimer?.();
    this.cancelCompareTimer?.();
  }

  private warn(what: string): void {
    this.bus.publish({ kind: 'warning', about: 'slow-neighbour', reason: `${this.neighbour} reads slowly: ${what}` });
  }

  /** Has the newest digest compared, if the neighbour takes the answer, which may be large, and did not ask just before. */
  private compare(): void {
    const { unanswered, neighbour } = this;
    if (unanswered === undefined || this.cancelCompareTimer !== undefined || !this.voice.hasRoom) return;
    this.unanswered = undefined;
    this.bus.send(addresses.store, { ...unanswered, kind: 'compare', neighbour });
    this.cancelCompareTimer = sendLater(this, addresses.link(neighbour), { kind: 'compare-due' }, comparePauseMs);
  }

  private beginCatchUp(): void {
    this.catchUp = 'going on';
    this.pagedAtMs = this.clock.monotonicMs();
    this.bus.send(addresses.store, { kind: 'catch-up', neighbour: this.neighbour });
  }

  private caughtUp(): void {
    this.voice.say(caughtUp);
    if (this.catchUp === 'again') this.beginCatchUp();
    else this.catchUp = 'none';
  }

  private wantPage(): void {
    this.cancelPageTimer ??= sendLater(this, addresses.link(this.neighbour), { kind: 'page-due' }, pagePauseMs);
  }
}
