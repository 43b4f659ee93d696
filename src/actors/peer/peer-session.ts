import type { ServerId } from '../../protocol/place/ids.js';
import type { LocationBatch } from '../../protocol/place/location-batch.js';
import { caughtUpLine, type DigestLine, type PeerLine } from '../../protocol/peer/peer-line.js';
import { WordBuffer } from '../../protocol/text/word-buffer.js';
import type { Bus } from '../bus/bus.js';
import type { Clock } from '../ports/clock.js';
import type { Limits } from '../ports/limits.js';
import { addresses } from '../addresses.js';
import { Outbox, type OutboxCallbacks } from './outbox.js';
import type { PeerOutput } from './peer-output.js';
import { sendLater } from '../bus/send-later.js';

/**
 * Pause between two pages of a catch-up in milliseconds: about as long as both servers take to handle a page. Without it, their
 * clients would wait for the whole catch-up.
 */
const pagePauseMs = 1;

/**
 * Minimum interval between two comparisons requested by a neighbour, in milliseconds. A comparison takes some milliseconds and a
 * response of up to 700 KB. A neighbour requests one when a link comes up and every `peers.antiEntropySeconds`.
 */
const comparePauseMs = 100;

/** Time without a page after which a running catch-up counts as failed and may begin again, in milliseconds. */
const catchUpTimeoutMs = 1_000;

/** Lines of a connected neighbour about its store and its lookups. */
type SessionLine = Extract<PeerLine, { kind: 'DIGEST' | 'LEAVES' | 'SEEK' | 'UNKNOWN' }>;

/** Replicates locations to a connected neighbour and runs anti-entropy with it. One per connection. */
export class PeerSession {
  private readonly outbox: Outbox;
  private cancelPageTimer: (() => void) | undefined;
  private cancelCompareTimer: (() => void) | undefined;
  /** The neighbour's newest digest, if the channel was not writable or the last comparison was too recent. */
  private pendingDigest: DigestLine | undefined;
  /** `rerun`: the neighbour requested another catch-up, once or more, while one was running. */
  private catchUp: 'none' | 'running' | 'rerun' = 'none';
  private lastPageAtMs = 0;

  private readonly neighbour: ServerId;

  /** @param ends this server, which forwards locations under its own ID, and the neighbour */
  constructor(
    readonly bus: Bus,
    readonly clock: Clock,
    { self, neighbour }: { readonly self: ServerId; readonly neighbour: ServerId },
    { maxPeerOutputBufferBytes }: Pick<Limits, 'maxPeerOutputBufferBytes'>,
    private readonly output: PeerOutput,
  ) {
    this.neighbour = neighbour;
    const callbacks: OutboxCallbacks = {
      onCaughtUp: () => this.finishCatchUp(),
      onPageDue: () => this.schedulePage(),
      onDropped: () =>
        this.warn(
          `dropped a queue of more than ${maxPeerOutputBufferBytes} bytes; anti-entropy will repair the difference`,
        ),
      onComparisonDue: () => bus.send(addresses.antiEntropy, { kind: 'digest-requested', neighbour, isNewLink: false }),
    };
    this.outbox = new Outbox(output, callbacks, WordBuffer.of(` ${self}`), maxPeerOutputBufferBytes);
    bus.send(addresses.antiEntropy, { kind: 'digest-requested', neighbour, isNewLink: true });
  }

  /** Forwards new locations, whose lines contain this server as their forwarder. */
  forward(batch: LocationBatch): void {
    const count = this.outbox.forward(batch);
    if (count > 0) this.bus.publish({ kind: 'conflated', neighbour: this.neighbour, count });
  }

  /** Sends a page of the catch-up, whose lines contain this server as their forwarder. */
  sendPage(batch: LocationBatch, isLast: boolean): void {
    this.lastPageAtMs = this.clock.monotonicMs();
    this.outbox.addPage(batch, isLast);
  }

  receive(line: SessionLine): void {
    const { bus, neighbour } = this;
    switch (line.kind) {
      case 'DIGEST':
        this.pendingDigest = line;
        return this.requestComparison();
      case 'LEAVES': {
        const { partition, leafHashes } = line;
        return bus.send(addresses.antiEntropy, { kind: 'leaves-received', neighbour, partition, leafHashes });
      }
      case 'SEEK':
        return bus.send(addresses.store, { kind: 'lookup-requested', from: neighbour, lookup: line });
      case 'UNKNOWN':
        return bus.send(addresses.lookup, { kind: 'peer-unknown', from: neighbour, id: line.id });
      default:
        line satisfies never;
    }
  }

  /** Handles the end of the neighbour's comparison: starts a catch-up. */
  comparisonDone(): void {
    const isStuck = this.clock.monotonicMs() - this.lastPageAtMs >= catchUpTimeoutMs;
    if (this.catchUp !== 'none' && !isStuck) this.catchUp = 'rerun';
    else this.beginCatchUp();
  }

  /** Continues after the channel has become writable. */
  drained(): void {
    this.requestComparison();
    this.outbox.drained();
  }

  /** Continues after the pause between comparisons. */
  compareDue(): void {
    this.cancelCompareTimer = undefined;
    this.requestComparison();
  }

  /** Continues after the pause between pages. */
  pageDue(): void {
    this.cancelPageTimer = undefined;
    this.bus.send(addresses.antiEntropy, { kind: 'next-page', neighbour: this.neighbour });
  }

  /** Cancels the session's timers. */
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

  /** Requests the comparison of the newest digest, if the channel is writable (the response may be large) and the pause is over. */
  private requestComparison(): void {
    const { pendingDigest, neighbour } = this;
    if (pendingDigest === undefined || this.cancelCompareTimer !== undefined || !this.output.isWritable) return;
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
    this.output.send(caughtUpLine);
    if (this.catchUp === 'rerun') this.beginCatchUp();
    else this.catchUp = 'none';
  }

  private schedulePage(): void {
    this.cancelPageTimer ??= sendLater(this, addresses.link(this.neighbour), { kind: 'page-due' }, pagePauseMs);
  }
}
