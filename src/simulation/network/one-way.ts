import type { ByteString } from '../../protocol/text/bytes.js';
import type { Segment, Stream, StreamSink } from './stream.js';

/** What one direction of a connection needs from its network. */
export interface OneWayDependencies {
  nowMs(): number;
  /** A segment was sent. */
  sent(segment: Segment): void;
  /** A segment has arrived; runs `onArrival` in the receiving host. */
  arrived(segment: Segment, onArrival: () => void): void;
  /** Nothing will arrive any more. */
  closed(): void;
}

/**
 * One direction of a connection without a socket: messages arrive complete, once and in order, after any delay, or not at all,
 * and then nothing after them either.
 */
export class OneWay implements StreamSink {
  private readonly arrivalCallbacks = new Map<Segment, () => void>();
  private stream: Stream | undefined;
  private state: 'open' | 'ended' | 'closed' = 'open';

  constructor(private readonly dependencies: OneWayDependencies) {}

  /** Sets the stream that carries the messages. */
  attach(stream: Stream): void {
    this.stream = stream;
  }

  /** @param onArrival runs where the message arrives */
  send(text: ByteString, onArrival: () => void): void {
    if (this.state !== 'open') return;
    const segment: Segment = { kind: 'data', text, sentMs: this.dependencies.nowMs() };
    this.arrivalCallbacks.set(segment, onArrival);
    this.stream?.send(segment);
    this.dependencies.sent(segment);
  }

  /** Cancels a message; returns whether it was still in flight. */
  cancel(segment: Segment): boolean {
    if (this.stream?.cancel(segment) !== true) return false;
    this.arrivalCallbacks.delete(segment);
    this.closeIfEmpty();
    return true;
  }

  /** Sends nothing more. Messages in flight still arrive. */
  end(): void {
    if (this.state !== 'open') return;
    this.state = 'ended';
    this.closeIfEmpty();
  }

  arrived(segment: Segment): void {
    const onArrival = this.arrivalCallbacks.get(segment);
    this.arrivalCallbacks.delete(segment);
    if (onArrival !== undefined) this.dependencies.arrived(segment, onArrival);
    this.closeIfEmpty();
  }

  timedOut(): void {
    this.arrivalCallbacks.clear();
    this.state = 'ended';
    this.closeIfEmpty();
  }

  private closeIfEmpty(): void {
    if (this.state !== 'ended' || this.arrivalCallbacks.size > 0) return;
    this.state = 'closed';
    this.dependencies.closed();
  }
}
