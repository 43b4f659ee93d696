import type { SeededRandom } from '../time/seeded-random.js';

/** A span that each draw falls into, in milliseconds. */
export interface DelayRange {
  readonly minMs: number;
  readonly maxMs: number;
}

/** How a network carries segments. */
export interface PathConditions {
  /** How long a segment is on its way. */
  readonly delay: DelayRange;
  /** The probability that a segment is lost, and comes with the next retransmission: 0 up to, not including, 1. */
  readonly loss: number;
  /** The probability that a segment comes twice. The receiver drops the second; it takes its share of the bandwidth. */
  readonly duplicate: number;
  /** Infinity for a network that carries any amount at once. */
  readonly bytesPerSecond: number;
}

/** How a whole network carries, and what its hosts keep of it. */
export interface NetworkConditions extends PathConditions {
  /**
   * What the operating systems of both sides keep of a connection before its writer notices, in bytes. A wire between servers
   * has room for twice as much more.
   */
  readonly bufferBytes: number;
}

/** What operating systems keep as a rule. */
export const defaultBufferBytes = 128 * 1024;

/** The least time after which TCP sends a segment again, in milliseconds (Linux, TCP_RTO_MIN); it doubles each time. */
export const minRetransmitMs = 200;

/** The longest time between two retransmissions, in milliseconds (Linux, TCP_RTO_MAX). */
export const maxRetransmitMs = 120_000;

/** Losses in a row that one segment suffers by chance, at most: a certain loss is a cut, and said as one. */
const maxLosses = 8;

/**
 * The way from one host to another, in this direction.
 *
 * `cut`: nothing passes, and the sender is not told; TCP tries again and again. `stalled`: whoever is in between takes
 * everything, and passes nothing on until it no longer stalls.
 */
export class Path {
  private readonly blockers = new Set<'cut' | 'partition'>();
  private flow: 'flowing' | 'stalled' = 'flowing';
  private current: PathConditions;
  /** When the last byte that was sent will have left, in milliseconds. */
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

  /** Carries worse, or better, than usual from now on. */
  slow(conditions: Partial<PathConditions>): void {
    this.current = { ...this.normal, ...conditions };
    this.busyUntilMs = 0;
  }

  /** Carries as usual from now on. */
  heal(): void {
    this.blockers.clear();
    this.flow = 'flowing';
    this.current = this.normal;
    this.busyUntilMs = 0;
  }

  /** How long a segment sent now takes to arrive, in milliseconds, its retransmissions included. */
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
