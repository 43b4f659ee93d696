import type { ByteString } from '../../protocol/text/bytes.js';
import type { Segment, Stream, StreamSink } from './stream.js';

/** What one direction of a connection needs of the network it is in. */
export interface OneWayDependencies {
  nowMs(): number;
  /** Something has arrived: does what is to be done about it, as its host can. */
  arrived(segment: Segment, onArrival: () => void): void;
  /** Nothing will arrive any more. */
  closed(): void;
}

/**
 * One direction of a connection that has no socket: what is sent arrives whole, once and in its order, however late; or never,
 * and then nothing after it either.
 */
export class OneWay implements StreamSink {
  private readonly arrivalCallbacks: (() => void)[] = [];
  private stream: Stream | undefined;
  private state: 'open' | 'ended' | 'closed' = 'open';

  constructor(private readonly dependencies: OneWayDependencies) {}

  /** Is carried by a stream from now on. */
  attach(stream: Stream): void {
    this.stream = stream;
  }

  /** @param onArrival what is done where it arrives */
  send(text: ByteString, onArrival: () => void): void {
    if (this.state !== 'open') return;
    this.arrivalCallbacks.push(onArrival);
    this.stream?.send({ kind: 'data', text, sentMs: this.dependencies.nowMs() });
  }

  /** Sends nothing more. What was sent is still on its way. */
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
