import type { TimelineData } from '../../src/simulation/report/timeline-data.js';

/** Messages per block; blocks outside the view are skipped. */
const blockSize = 512;

/** The messages of a run in the order of sending, indexed by time. */
export class Messages {
  readonly count: number;
  readonly sentMs: Float64Array;
  readonly arrivedMs: Float64Array;
  /** Lanes of both ends; -1 for a client. */
  readonly fromLane: Int32Array;
  readonly toLane: Int32Array;
  readonly kind: Uint8Array;
  /** When the last message of each block arrived. */
  private readonly blockEndsMs: Float64Array;

  constructor(private readonly data: TimelineData) {
    const { sentAfterUs, transitUs, route, kind } = data.messages;
    this.count = route.length;
    this.sentMs = new Float64Array(this.count);
    this.arrivedMs = new Float64Array(this.count);
    this.fromLane = new Int32Array(this.count);
    this.toLane = new Int32Array(this.count);
    this.kind = Uint8Array.from(kind);
    this.blockEndsMs = new Float64Array(Math.ceil(this.count / blockSize));
    let sentUs = 0;
    for (let index = 0; index < this.count; index += 1) {
      sentUs += sentAfterUs[index] ?? 0;
      const arrivedMs = (sentUs + (transitUs[index] ?? 0)) / 1_000;
      const [from, to] = data.routes[route[index] ?? 0] ?? [0, 0];
      this.sentMs[index] = sentUs / 1_000;
      this.arrivedMs[index] = arrivedMs;
      this.fromLane[index] = from < data.lanes.length ? from : -1;
      this.toLane[index] = to < data.lanes.length ? to : -1;
      const block = Math.floor(index / blockSize);
      this.blockEndsMs[block] = Math.max(this.blockEndsMs[block] ?? 0, arrivedMs);
    }
  }

  /** Visits every message that was in transit at some moment of that time. */
  forEachInTransit(fromMs: number, toMs: number, visit: (index: number) => void): void {
    const end = this.firstSentAfter(toMs);
    for (let start = 0; start < end; start += blockSize) {
      if ((this.blockEndsMs[start / blockSize] ?? 0) < fromMs) continue;
      const blockEnd = Math.min(end, start + blockSize);
      for (let index = start; index < blockEnd; index += 1) {
        if ((this.arrivedMs[index] ?? 0) >= fromMs) visit(index);
      }
    }
  }

  /** Returns the index of the first message sent after that moment, or the number of messages. */
  firstSentAfter(ms: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.sentMs[middle] ?? 0) > ms) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Returns the names of sender and receiver. */
  ends(index: number): { readonly from: string; readonly to: string } {
    const [from, to] = this.data.routes[this.data.messages.route[index] ?? 0] ?? [0, 0];
    return { from: this.data.endpoints[from] ?? '', to: this.data.endpoints[to] ?? '' };
  }

  /** Returns the beginning of a message, as bytes; undefined if it was omitted. */
  text(index: number): string | undefined {
    return this.data.texts[this.data.messages.text[index] ?? -1];
  }

  bytes(index: number): number {
    return this.data.messages.bytes[index] ?? 0;
  }
}
