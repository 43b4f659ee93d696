import type { Clock } from '../../actors/clock.js';
import { retransmitMaxMs, retransmitMinMs, type Path } from './path.js';

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
const retriesMax = 15;

/** What comes out of a stream. */
export interface StreamSink {
  arrived(segment: Segment): void;
  /** The far end has answered nothing for too long. */
  gaveUp(): void;
}

/**
 * One direction of a connection, as TCP gives it: what is sent arrives whole, once and in order, however late; or never, and
 * then nothing after it either. What meets a cut is held and sent again, after pauses that double.
 */
export class Stream {
  /** What has not come through, in order; the first is sent again and again. */
  private held: Segment[] = [];
  /** What is on its way, in order, and the timers of its arrival. */
  private flying: { readonly segment: Segment; readonly timer: unknown }[] = [];
  private lastArrivalMs = 0;
  private retries = 0;
  private timer: unknown;

  constructor(
    private readonly clock: Clock,
    readonly path: Path,
    private readonly sink: StreamSink,
  ) {}

  send(segment: Segment): void {
    if (this.held.length > 0) this.hold(segment);
    else this.transmit(segment);
  }

  /** Drops what is held: the sender is gone. */
  abandon(): void {
    this.held = [];
    this.clock.clearTimeout(this.timer);
  }

  /**
   * The path has changed. What waits in front of a line that was slow leaves as the line is now; what a stall has held goes on;
   * what a cut has held waits for its next retransmission.
   */
  pathChanged(): void {
    const flying = this.flying;
    this.flying = [];
    this.lastArrivalMs = 0;
    for (const { segment, timer } of flying) {
      this.clock.clearTimeout(timer);
      this.transmit(segment);
    }
    if (this.timer === undefined && this.path.state !== 'stalled') this.retry();
  }

  private transmit(segment: Segment): void {
    const nowMs = this.clock.monotonicMs();
    const transitMs = this.path.transit(segment.text.length + headerBytes, nowMs);
    this.lastArrivalMs = Math.max(this.lastArrivalMs, nowMs + transitMs);
    const timer = this.clock.setTimeout(() => this.arrive(segment), this.lastArrivalMs - nowMs);
    this.flying.push({ segment, timer });
  }

  private arrive(segment: Segment): void {
    this.flying.shift();
    if (this.held.length > 0 || this.path.state !== 'open') return this.hold(segment);
    this.retries = 0;
    this.sink.arrived(segment);
  }

  private hold(segment: Segment): void {
    // A reset is sent once: whoever does not get it finds out by asking.
    if (segment.kind === 'reset') return;
    this.held.push(segment);
    if (this.held.length === 1) this.await();
  }

  /** Waits for the next retransmission; a stall holds what it was given for itself. */
  private await(): void {
    if (this.path.state === 'stalled') return;
    const pauseMs = Math.min(retransmitMaxMs, retransmitMinMs * 2 ** this.retries);
    this.timer = this.clock.setTimeout(() => {
      this.timer = undefined;
      this.retry();
    }, pauseMs);
  }

  private retry(): void {
    if (this.held.length === 0) return;
    if (this.path.state === 'open') {
      const segments = this.held;
      this.held = [];
      for (const segment of segments) this.transmit(segment);
      return;
    }
    if (this.path.state === 'cut') this.retries += 1;
    if (this.retries <= retriesMax) return this.await();
    this.abandon();
    this.sink.gaveUp();
  }
}
