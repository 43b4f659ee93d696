import type { SeededRandom } from '../time/seeded-random.js';

/** Range from which delays are drawn, in milliseconds. */
export interface DelayRange {
  readonly minMs: number;
  readonly maxMs: number;
}

/** Conditions under which segments are carried. */
export interface PathConditions {
  /** Transit time of a segment. */
  readonly delay: DelayRange;
  /** Probability that a segment is lost and arrives with a later retransmission, from 0 up to, but not including, 1. */
  readonly loss: number;
  /** Probability that a segment is sent twice. The receiver drops the duplicate, which only costs bandwidth. */
  readonly duplicate: number;
  /** Infinity for no limit. */
  readonly bytesPerSecond: number;
}

/** Conditions of a whole network, with the buffers of its hosts. */
export interface NetworkConditions extends PathConditions {
  /**
   * Bytes that the operating systems of both ends buffer per connection before the writer notices. A link between servers can
   * hold twice as much in addition.
   */
  readonly bufferBytes: number;
}

/** Default buffer of the operating systems, in bytes. */
export const defaultBufferBytes = 128 * 1024;

/** Minimum time before TCP retransmits a segment, in milliseconds (Linux, TCP_RTO_MIN); it doubles each time. */
export const minRetransmitMs = 200;

/** Maximum time between two retransmissions, in milliseconds (Linux, TCP_RTO_MAX). */
export const maxRetransmitMs = 120_000;

/** Maximum consecutive random losses of one segment: certain loss is a cut and must be written as one. */
const maxLosses = 8;

/**
 * The path from one host to another, in this direction.
 *
 * `cut`: nothing passes, and the sender is not notified; TCP keeps retransmitting. `stalled`: an intermediary accepts
 * everything and forwards nothing until the stall ends.
 */
export class Path {
  private readonly blockers = new Set<'cut' | 'partition'>();
  private flow: 'flowing' | 'stalled' = 'flowing';
  private current: PathConditions;
  /** When the last byte sent so far will have left, in milliseconds. */
  private busyUntilMs = 0;

  constructor(
    private readonly normal: PathConditions,
    private readonly random: SeededRandom,
  ) {
    this.current = normal;
  }

  get state(): 'open' | 'cut' | 'stalled' {
    if (this.blockers.size > 0) return 'cut';
    return this.flow === 'stalled' ? 'stalled' : 'open';
  }

  block(by: 'cut' | 'partition'): void {
    this.blockers.add(by);
  }

  unblock(by: 'cut' | 'partition'): void {
    this.blockers.delete(by);
  }

  stall(): void {
    this.flow = 'stalled';
  }

  /** Replaces some of the conditions. */
  slow(conditions: Partial<PathConditions>): void {
    this.current = { ...this.normal, ...conditions };
    this.busyUntilMs = 0;
  }

  /** Restores the normal conditions. */
  heal(): void {
    this.blockers.clear();
    this.flow = 'flowing';
    this.current = this.normal;
    this.busyUntilMs = 0;
  }

  /** Draws how long a segment sent now takes to arrive, in milliseconds, including retransmissions. */
  drawTransitMs(bytes: number, nowMs: number): number {
    const { delay, loss, duplicate, bytesPerSecond } = this.current;
    const copies = this.random.happens(duplicate) ? 2 : 1;
    const startMs = Math.max(nowMs, this.busyUntilMs);
    if (bytesPerSecond !== Infinity) this.busyUntilMs = startMs + (copies * bytes * 1_000) / bytesPerSecond;
    const queuedMs = Math.max(0, this.busyUntilMs - nowMs);
    return queuedMs + this.random.between(delay.minMs, delay.maxMs) + this.drawRetransmissionMs(loss);
  }

  private drawRetransmissionMs(loss: number): number {
    let lostMs = 0;
    for (let times = 0; times < maxLosses && this.random.happens(loss); times += 1) {
      lostMs += minRetransmitMs * 2 ** times;
    }
    return lostMs;
  }
}
