import type { ByteString } from '../protocol/bytes.js';
import type { ServerId } from '../protocol/ids.js';
import type { Location } from '../protocol/location.js';
import { caughtUp, formatPeerAt, type DigestLine, type PeerLine, type PeerNews } from '../protocol/peer-line.js';
import type { Bus } from './bus.js';
import type { Clock } from './clock.js';
import { addresses } from './messages.js';
import { Outbox } from './outbox.js';

/**
 * Pause between two pages of a catch-up, in milliseconds: about as long as a page takes both sides. Without it, clients of
 * both would wait behind page after page.
 */
const pagePauseMs = 2;

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
  private pageTimer: unknown;
  /** The newest digest of the neighbour that came while its wire had no room. */
  private unanswered: DigestLine | undefined;
  private state: 'open' | 'closed' = 'open';

  /** @param self the server that locations are passed on in the name of */
  constructor(
    private readonly bus: Bus,
    private readonly clock: Clock,
    self: ServerId,
    private readonly neighbour: ServerId,
    private readonly voice: PeerVoice,
  ) {
    this.outbox = new Outbox({
      get hasRoom() {
        return voice.hasRoom;
      },
      sendLocation: (location, line = formatPeerAt(location, self)) => voice.sendLocation(line),
      sendCaughtUp: () => voice.say(caughtUp),
      wantPage: () => this.wantPage(),
    });
    bus.send(addresses.store, { kind: 'describe', neighbour, anew: true });
  }

  /** Passes new locations on, with their lines. */
  forward(locations: readonly Location[], lines: readonly ByteString[]): void {
    const count = this.outbox.forward(locations, lines);
    if (count > 0) this.bus.publish({ kind: 'conflated', neighbour: this.neighbour, count });
  }

  /** Sends a page of the catch-up. */
  page(locations: readonly Location[], last: boolean): void {
    this.outbox.page(locations, last);
  }

  hear(said: ExchangeLine): void {
    const { bus, neighbour } = this;
    switch (said.kind) {
      case 'DIGEST':
        // The answer may be large: who does not read what it has been sent is sent no more of them, but the last.
        if (this.voice.hasRoom) return this.compare(said);
        this.unanswered = said;
        return;
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
    this.bus.send(addresses.store, { kind: 'catch-up', neighbour: this.neighbour });
  }

  /** The far end takes more. */
  drained(): void {
    const { unanswered } = this;
    this.unanswered = undefined;
    if (unanswered !== undefined) this.compare(unanswered);
    this.outbox.drained();
  }

  /** The connection is over. */
  close(): void {
    this.state = 'closed';
    this.clock.clearTimeout(this.pageTimer);
  }

  private compare(digest: DigestLine): void {
    this.bus.send(addresses.store, { ...digest, kind: 'compare', neighbour: this.neighbour });
  }

  private wantPage(): void {
    const { bus, neighbour } = this;
    // Comparisons may overlap, and so may pauses; none of them outlives the connection that it was for.
    const ask = () => {
      if (this.state === 'open') bus.send(addresses.store, { kind: 'next-page', neighbour });
    };
    this.pageTimer = this.clock.setTimeout(ask, pagePauseMs);
  }
}
