import type { Clock } from '../../actors/ports/clock.js';
import { maxRetransmitMs, minRetransmitMs, type Path } from './path.js';

/** What travels in one direction of a connection: a call, its answer, bytes, their end, or the news that nobody is there. */
export interface Segment {
  readonly kind: 'call' | 'answer' | 'data' | 'end' | 'reset';
  /** Bytes as latin1 text; empty but for `data`. */
  readonly text: string;
  readonly sentMs: number;
}

/** Bytes of a segment's own headers: Ethernet, IP and TCP. */
const headerBytes = 54;

/** Retransmissions after which TCP gives a connection up (Linux, tcp_retries2). */
const maxRetries = 15;

/** What comes out of a stream. */
export interface StreamSink {
  arrived(segment: Segment): void;
  /** The far end has answered nothing for too long. */
  timedOut(): void;
}

/**
 * One direction of a connection, as TCP gives it: what is sent arrives whole, once and in order, however late; or never, and
 * then nothing after it either. What meets a cut is held and sent again, after pauses that double.
 */
export class Stream {
  /** What has not come through, in order; the first is sent again and again. */
  private blocked: Segment[] = [];
  /** What is on its way, in order, and when it is to arrive. */
  private inFlight: { readonly segment: Segment; readonly arrivalMs: number }[] = [];
  private lastArrivalMs = 0;
  /** Of the arrival of the first that is on its way: with one timer for all of them, no clock can change their order. */
  private arrivalTimer: unknown;
  private retries = 0;
  private retryTimer: unknown;

  constructor(
    private readonly clock: Clock,
    readonly path: Path,
    private readonly sink: StreamSink,
  ) {}

  /** Drops what is held: the sender is gone. */
  abandon(): void {
    this.blocked = [];
    this.clock.clearTimeout(this.retryTimer);
  }

  /**
   * The path has changed. What waits in front of a line that was slow leaves as the line is now; what a stall has held goes on;
   * what a cut has held waits for its next retransmission.
   */
  pathChanged(): void {
    const unsent = this.takeInFlight();
    this.lastArrivalMs = 0;
    for (const segment of unsent) this.send(segment);
    if (this.retryTimer === undefined && this.path.state !== 'stalled') this.retry();
  }

  /** Also while something is held: it arrives behind that, and is held as well. */
  send(segment: Segment): void {
    const nowMs = this.clock.monotonicMs();
    const transitMs = this.path.drawTransitMs(segment.text.length + headerBytes, nowMs);
    this.lastArrivalMs = Math.max(this.lastArrivalMs, nowMs + transitMs);
    this.inFlight.push({ segment, arrivalMs: this.lastArrivalMs });
    this.scheduleArrival();
  }

  /** Undoes the sending of a segment, if it is on its way still. */
  cancel(segment: Segment): 'taken back' | 'too late' {
    const index = this.inFlight.findIndex((flying) => flying.segment === segment);
    if (index < 0) return 'too late';
    this.inFlight.splice(index, 1);
    return 'taken back';
  }

  /** Takes back what is on its way. */
  private takeInFlight(): Segment[] {
    this.clock.clearTimeout(this.arrivalTimer);
    this.arrivalTimer = undefined;
    return this.inFlight.splice(0).map(({ segment }) => segment);
  }

  private scheduleArrival(): void {
    const [first] = this.inFlight;
    if (first === undefined || this.arrivalTimer !== undefined) return;
    const delayMs = Math.max(0, first.arrivalMs - this.clock.monotonicMs());
    this.arrivalTimer = this.clock.setTimeout(() => this.deliverDue(first.arrivalMs), delayMs);
  }

  /** Lets everything arrive that is due by then. */
  private deliverDue(dueMs: number): void {
    const arrivedCount = this.inFlight.findIndex(({ arrivalMs }) => arrivalMs > dueMs);
    for (const { segment } of this.inFlight.splice(0, arrivedCount < 0 ? this.inFlight.length : arrivedCount))
      this.deliver(segment);
    this.arrivalTimer = undefined;
    this.scheduleArrival();
  }

  private deliver(segment: Segment): void {
    if (this.blocked.length > 0 || this.path.state !== 'open') return this.block(segment);
    this.retries = 0;
    this.sink.arrived(segment);
  }

  private block(segment: Segment): void {
    // A reset is sent once: whoever does not get it finds out by asking.
    if (segment.kind === 'reset') return;
    this.blocked.push(segment);
    if (this.blocked.length === 1) this.scheduleRetry();
  }

  /** Waits for the next retransmission; a stall holds what it was given for itself. */
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
      // What was sent after it must not overtake it.
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
