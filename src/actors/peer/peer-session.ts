import type { ByteString } from '../../protocol/text/bytes.js';
import type { ServerId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import {
  caughtUpLine,
  formatPeerAt,
  type DigestLine,
  type PeerLine,
  type PeerMessage,
} from '../../protocol/peer/peer-line.js';
import type { Bus } from '../bus/bus.js';
import type { Clock } from '../ports/clock.js';
import type { Limits } from '../ports/limits.js';
import { addresses } from '../addresses.js';
import { Outbox, type OutboxSink } from './outbox.js';
import { sendLater } from '../bus/send-later.js';

/**
 * Pause between two pages of a catch-up, in milliseconds: about as long as a page takes both sides. Without it, clients of
 * both would wait behind page after page.
 */
const pagePauseMs = 2;

/**
 * Pause between two comparisons that a neighbour asks for, in milliseconds. One costs some milliseconds and an answer of up to
 * 700 KB. A neighbour asks when a link comes up and every `peers.antiEntropySeconds`; one that asks all the time gets ten a second.
 */
const comparePauseMs = 100;

/** After so long without a page, in milliseconds, a catch-up that has not ended is taken to have failed, and may begin again. */
const catchUpTimeoutMs = 1_000;

/** What a connected neighbour says of what it holds, and of what it looks for. */
type SessionLine = Extract<PeerLine, { kind: 'DIGEST' | 'BUCKETS' | 'SEEK' | 'UNKNOWN' }>;

/** How the far end of a connection is spoken to. */
export interface PeerSender {
  /** Whether the far end takes what it is sent. */
  readonly isWritable: boolean;
  sendLocation(line: ByteString): void;
  send(line: PeerMessage): void;
}

/** What goes back and forth between connected neighbours, so that both hold the same locations. One a connection. */
export class PeerSession {
  private readonly outbox: Outbox;
  private cancelPageTimer: (() => void) | undefined;
  private cancelCompareTimer: (() => void) | undefined;
  /** The newest digest of the neighbour that came while its wire had no room, or too soon after the one before. */
  private pendingDigest: DigestLine | undefined;
  /** The neighbour may ask for a catch-up while one is going on: however often it does, one more follows. */
  private catchUp: 'none' | 'running' | 'rerun' = 'none';
  private lastPageAtMs = 0;

  private readonly neighbour: ServerId;

  /** @param ends who speaks here, in whose name locations are passed on, and who is at the far end */
  constructor(
    readonly bus: Bus,
    readonly clock: Clock,
    { self, neighbour }: { readonly self: ServerId; readonly neighbour: ServerId },
    { maxPeerOutputBufferBytes }: Pick<Limits, 'maxPeerOutputBufferBytes'>,
    private readonly sender: PeerSender,
  ) {
    this.neighbour = neighbour;
    const sink: OutboxSink = {
      get isWritable() {
        return sender.isWritable;
      },
      sendLocation: (location, line = formatPeerAt(location, self)) => sender.sendLocation(line),
      sendCaughtUp: () => this.finishCatchUp(),
      requestPage: () => this.schedulePage(),
      onDropped: () =>
        this.warn(`more than ${maxPeerOutputBufferBytes} bytes waited for it, and it will compare what it holds`),
      requestComparison: () =>
        bus.send(addresses.antiEntropy, { kind: 'digest-requested', neighbour, isNewLink: false }),
    };
    this.outbox = new Outbox(sink, maxPeerOutputBufferBytes);
    bus.send(addresses.antiEntropy, { kind: 'digest-requested', neighbour, isNewLink: true });
  }

  /** Passes new locations on, with their lines. */
  forward(locations: readonly Location[], lines: readonly ByteString[]): void {
    const count = this.outbox.forward(locations, lines);
    if (count > 0) this.bus.publish({ kind: 'conflated', neighbour: this.neighbour, count });
  }

  /** Sends a page of the catch-up. */
  sendPage(locations: readonly Location[], isLast: boolean): void {
    this.lastPageAtMs = this.clock.monotonicMs();
    this.outbox.addPage(locations, isLast);
  }

  receive(line: SessionLine): void {
    const { bus, neighbour } = this;
    switch (line.kind) {
      case 'DIGEST':
        this.pendingDigest = line;
        return this.requestComparison();
      case 'BUCKETS': {
        const { group, partitionHashes } = line;
        return bus.send(addresses.antiEntropy, { kind: 'partitions-received', neighbour, group, partitionHashes });
      }
      case 'SEEK':
        return bus.send(addresses.store, { kind: 'lookup-requested', from: neighbour, lookup: line });
      case 'UNKNOWN':
        return bus.send(addresses.lookup, { kind: 'peer-unknown', from: neighbour, id: line.id });
      default:
        line satisfies never;
    }
  }

  /** The neighbour has told all in which it differs: it is sent what it lacks. */
  comparisonDone(): void {
    const isStuck = this.clock.monotonicMs() - this.lastPageAtMs >= catchUpTimeoutMs;
    if (this.catchUp !== 'none' && !isStuck) this.catchUp = 'rerun';
    else this.beginCatchUp();
  }

  /** The far end takes more. */
  drained(): void {
    this.requestComparison();
    this.outbox.drained();
  }

  /** The pause after a comparison is over. */
  compareDue(): void {
    this.cancelCompareTimer = undefined;
    this.requestComparison();
  }

  /** The pause after a page is over. */
  pageDue(): void {
    this.cancelPageTimer = undefined;
    this.bus.send(addresses.antiEntropy, { kind: 'next-page', neighbour: this.neighbour });
  }

  /** The connection is over. */
  close(): void {
    this.cancelPageTimer?.();
    this.cancelCompareTimer?.();
  }

  private warn(problem: string): void {
    this.bus.publish({
      kind: 'warning',
      about: 'slow-neighbour',
      reason: `${this.neighbour} reads slowly: ${problem}`,
    });
  }

  /** Has the newest digest compared, if the neighbour takes the answer, which may be large, and did not ask just before. */
  private requestComparison(): void {
    const { pendingDigest, neighbour } = this;
    if (pendingDigest === undefined || this.cancelCompareTimer !== undefined || !this.sender.isWritable) return;
    this.pendingDigest = undefined;
    this.bus.send(addresses.antiEntropy, { ...pendingDigest, kind: 'digest-received', neighbour });
    this.cancelCompareTimer = sendLater(this, addresses.link(neighbour), { kind: 'compare-due' }, comparePauseMs);
  }

  private beginCatchUp(): void {
    this.catchUp = 'running';
    this.lastPageAtMs = this.clock.monotonicMs();
    this.bus.send(addresses.antiEntropy, { kind: 'catch-up', neighbour: this.neighbour });
  }

  private finishCatchUp(): void {
    this.sender.send(caughtUpLine);
    if (this.catchUp === 'rerun') this.beginCatchUp();
    else this.catchUp = 'none';
  }

  private schedulePage(): void {
    this.cancelPageTimer ??= sendLater(this, addresses.link(this.neighbour), { kind: 'page-due' }, pagePauseMs);
  }
}
