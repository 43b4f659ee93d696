import type { ByteString } from '../../protocol/text/bytes.js';
import type { Segment, Stream, StreamSink } from './stream.js';

/** What one direction of a connection needs from its network. */
export interface OneWayDependencies {
  nowMs(): number;
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
  private readonly arrivalCallbacks: (() => void)[] = [];
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
    this.arrivalCallbacks.push(onArrival);
    this.stream?.send({ kind: 'data', text, sentMs: this.dependencies.nowMs() });
  }

  /** Sends nothing more. Messages in flight still arrive. */
  end(): void {
    if (this.state !== 'open') return;
    this.state = 'ended';
    this.closeIfEmpty();
  }

  arrived(segment: Segment): void {
    const onArrival = this.arrivalCallbacks.shift();
    if (onArrival !== undefined) this.dependencies.arrived(segment, onArrival);
    this.closeIfEmpty();
  }

  timedOut(): void {
    this.arrivalCallbacks.length = 0;
    this.state = 'ended';
    this.closeIfEmpty();
  }

  private closeIfEmpty(): void {
    if (this.state !== 'ended' || this.arrivalCallbacks.length > 0) return;
    this.state = 'closed';
    this.dependencies.closed();
  }
}
