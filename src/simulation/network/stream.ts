import type { Clock } from '../../actors/ports/clock.js';
import { maxRetransmitMs, minRetransmitMs, type Path } from './path.js';

/** What travels in one direction of a connection: a connection request, its acceptance, data, the end of data, or a reset. */
export interface Segment {
  readonly kind: 'call' | 'answer' | 'data' | 'end' | 'reset';
  /** Bytes as latin1 text; empty except for `data`. */
  readonly text: string;
  readonly sentMs: number;
}

/** Header bytes per segment: Ethernet, IP and TCP. */
const headerBytes = 54;

/** Retransmissions after which TCP gives up (Linux, tcp_retries2). */
const maxRetries = 15;

/** Receiver of a stream. */
export interface StreamSink {
  arrived(segment: Segment): void;
  /** The remote end has not answered for too long. */
  timedOut(): void;
}

/**
 * One direction of a connection, with the guarantees of TCP: data arrives complete, once and in order, after any delay, or not
 * at all, and then nothing after it either. What meets a cut is held and retransmitted, after pauses that double.
 */
export class Stream {
  /** Segments that have not been delivered, in order; the first is retransmitted. */
  private blocked: Segment[] = [];
  /** Segments in flight, in order, with their arrival times. */
  private inFlight: { readonly segment: Segment; readonly arrivalMs: number }[] = [];
  private lastArrivalMs = 0;
  /** Timer for the first arrival. One timer for all keeps their order on any clock. */
  private arrivalTimer: unknown;
  /** When the timer is due. */
  private dueMs = 0;
  private retries = 0;
  private retryTimer: unknown;

  constructor(
    private readonly clock: Clock,
    readonly path: Path,
    private readonly sink: StreamSink,
  ) {}

  /** Drops what is held: the sender has ended. */
  abandon(): void {
    this.blocked = [];
    this.clock.clearTimeout(this.retryTimer);
  }

  /**
   * The path has changed. Segments queued for a slow link are scheduled anew with the present conditions; what a stall has held
   * continues; what a cut has held waits for its next retransmission.
   */
  pathChanged(): void {
    const unsent = this.takeInFlight();
    this.lastArrivalMs = 0;
    for (const segment of unsent) this.send(segment);
    if (this.retryTimer === undefined && this.path.state !== 'stalled') this.retry();
  }

  /** Works also while segments are held: the new one arrives behind them and is held as well. */
  send(segment: Segment): void {
    const nowMs = this.clock.monotonicMs();
    const transitMs = this.path.drawTransitMs(segment.text.length + headerBytes, nowMs);
    this.lastArrivalMs = Math.max(this.lastArrivalMs, nowMs + transitMs);
    this.inFlight.push({ segment, arrivalMs: this.lastArrivalMs });
    this.scheduleArrival();
  }

  /** Cancels a segment; returns whether it was still in flight. */
  cancel(segment: Segment): boolean {
    const index = this.inFlight.findIndex((flying) => flying.segment === segment);
    if (index < 0) return false;
    this.inFlight.splice(index, 1);
    return true;
  }

  /** Removes and returns the segments in flight. */
  private takeInFlight(): Segment[] {
    this.clock.clearTimeout(this.arrivalTimer);
    this.arrivalTimer = undefined;
    const segments = this.inFlight.map(({ segment }) => segment);
    this.inFlight = [];
    return segments;
  }

  private scheduleArrival(): void {
    const [first] = this.inFlight;
    if (first === undefined || this.arrivalTimer !== undefined) return;
    const delayMs = Math.max(0, first.arrivalMs - this.clock.monotonicMs());
    this.dueMs = first.arrivalMs;
    this.arrivalTimer = this.clock.setTimeout(this.deliverDue, delayMs);
  }

  /** Delivers everything that is due. */
  private readonly deliverDue = (): void => {
    const { inFlight, dueMs } = this;
    let arrivedCount = 0;
    while ((inFlight[arrivedCount]?.arrivalMs ?? Infinity) <= dueMs) arrivedCount += 1;
    const arrived = arrivedCount === inFlight.length ? inFlight : inFlight.slice(0, arrivedCount);
    this.inFlight = arrivedCount === inFlight.length ? [] : inFlight.slice(arrivedCount);
    for (const { segment } of arrived) this.deliver(segment);
    this.arrivalTimer = undefined;
    this.scheduleArrival();
  };

  private deliver(segment: Segment): void {
    if (this.blocked.length > 0 || this.path.state !== 'open') return this.block(segment);
    this.retries = 0;
    this.sink.arrived(segment);
  }

  private block(segment: Segment): void {
    // A reset is sent once; a peer that misses it finds out when it sends.
    if (segment.kind === 'reset') return;
    this.blocked.push(segment);
    if (this.blocked.length === 1) this.scheduleRetry();
  }

  /** Waits for the next retransmission; a stall only holds what it was given. */
  private scheduleRetry(): void {
    if (this.path.state === 'stalled') return;
    const pauseMs = Math.min(maxRetransmitMs, minRetransmitMs * 2 ** this.retries);
    this.retryTimer = this.clock.setTimeout(() => {
      this.retryTimer = undefined;
      this.retry();
    }, pauseMs);
  }

  private retry(): void {
    if (this.blocked.length === 0) return;
    if (this.path.state === 'open') {
      // Later segments must not overtake it.
      const segments = [...this.blocked, ...this.takeInFlight()];
      this.blocked = [];
      for (const segment of segments) this.send(segment);
      return;
    }
    if (this.path.state === 'cut') this.retries += 1;
    if (this.retries <= maxRetries) return this.scheduleRetry();
    this.abandon();
    this.sink.timedOut();
  }
}
