import type { ByteString } from '../../protocol/text/bytes.js';
import type { Segment, Stream, StreamSink } from './stream.js';

/** What one direction of a connection needs of the network it is in. */
export interface OneWayEdges {
  nowMs(): number;
  /** Something has arrived: does what is to be done about it, as its host can. */
  arrived(segment: Segment, then: () => void): void;
  /** Nothing will arrive any more. */
  over(): void;
}

/**
 * One direction of a connection that has no socket: what is sent arrives whole, once and in its order, however late; or never,
 * and then nothing after it either.
 */
export class OneWay implements StreamSink {
  private readonly awaited: (() => void)[] = [];
  private stream: Stream | undefined;
  private state: 'open' | 'ended' | 'over' = 'open';

  constructor(private readonly edges: OneWayEdges) {}

  /** Is carried by a stream from now on. */
  ride(stream: Stream): void {
    this.stream = stream;
  }

  /** @param then what is done where it arrives */
  send(text: ByteString, then: () => void): void {
    if (this.state !== 'open') return;
    this.awaited.push(then);
    this.stream?.send({ kind: 'data', text, sentMs: this.edges.nowMs() });
  }

  /** Sends nothing more. What was sent is still on its way. */
  end(): void {
    if (this.state !== 'open') return;
    this.state = 'ended';
    this.endIfEmpty();
  }

  arrived(segment: Segment): void {
    const then = this.awaited.shift();
    if (then !== undefined) this.edges.arrived(segment, then);
    this.endIfEmpty();
  }

  gaveUp(): void {
    this.awaited.length = 0;
    this.state = 'ended';
    this.endIfEmpty();
  }

  private endIfEmpty(): void {
    if (this.state !== 'ended' || this.awaited.length > 0) return;
    this.state = 'over';
    this.edges.over();
  }
}
