import type { Clock } from '../../../actors/ports/clock.js';
import type { LinesEvent } from '../../../actors/bus/events.js';
import { Histogram, secondsBounds } from './histogram.js';

const [A, H, I, U, W, questionMark, brace] = [65, 72, 73, 85, 87, 63, 123];

/**
 * Counts commands of TCP and WebSocket clients by kind and outcome. Both follow from the responses: one line for an IAMAT, two for a
 * WHATSAT, of which the second is JSON, lines that begin like the command for WATCH and UNWATCH, and a copy of an invalid one.
 */
export class CommandCounts {
  iamat = 0;
  whatsat = 0;
  watch = 0;
  unwatch = 0;
  readonly invalid = { iamat: 0, whatsat: 0, watch: 0, unwatch: 0, other: 0 };
  /** Lines sent for subscriptions. */
  pushed = 0;
  /** Seconds from the receipt of a chunk to the writing of its responses, one sample per response. */
  readonly iamatSeconds = new Histogram(secondsBounds);
  /** Seconds from the receipt of a WHATSAT to its response. */
  readonly whatsatSeconds = new Histogram(secondsBounds);
  /** Times of receipt of pending WHATSATs, by remote address. */
  private readonly pendingWhatsats = new Map<string, number[]>();
  private lastRemoteAddress = '';
  private lastAtMs = 0;

  constructor(private readonly clock: Clock) {}

  get total(): number {
    const { iamat, whatsat, watch, unwatch, invalid } = this;
    const valid = iamat + whatsat + watch + unwatch;
    return valid + invalid.iamat + invalid.whatsat + invalid.watch + invalid.unwatch + invalid.other;
  }

  record({ direction, remoteAddress, lines, pushed }: LinesEvent): void {
    if (pushed === true) this.pushed += lines.length;
    else if (direction === 'in') this.recordCommands(remoteAddress, lines);
    else this.recordResponses(remoteAddress, lines);
  }

  /** Removes the state of a client that disconnected. */
  removeClient(remoteAddress: string): void {
    this.pendingWhatsats.delete(remoteAddress);
  }

  private recordCommands(remoteAddress: string, lines: LinesEvent['lines']): void {
    this.lastRemoteAddress = remoteAddress;
    this.lastAtMs = this.clock.monotonicMs();
    if (lines.areLocations) return;
    const { bytes } = lines.buffer;
    for (let { start } = lines; start < lines.end; start = lines.startAfter(start)) {
      if (bytes[start] !== W || bytes[start + 1] !== H) continue;
      const pending = this.pendingWhatsats.get(remoteAddress);
      if (pending === undefined) this.pendingWhatsats.set(remoteAddress, [this.lastAtMs]);
      else pending.push(this.lastAtMs);
    }
  }

  private recordResponses(remoteAddress: string, lines: LinesEvent['lines']): void {
    const nowMs = this.clock.monotonicMs();
    if (lines.areLocations) return this.recordReports(remoteAddress, lines.length, nowMs);
    let at = 0;
    let json = 0;
    const { bytes } = lines.buffer;
    for (let { start } = lines; start < lines.end; start = lines.startAfter(start)) {
      const first = bytes[start];
      if (first === A) at += 1;
      else if (first === brace) {
        json += 1;
        this.recordWhatsatResponse(remoteAddress, nowMs);
      } else if (first === W) this.watch += 1;
      else if (first === U) this.unwatch += 1;
      else if (first === questionMark) this.recordInvalid(remoteAddress, bytes, start + 2, nowMs);
    }
    this.whatsat += json;
    if (at > json) this.recordReports(remoteAddress, at - json, nowMs);
  }

  private recordReports(remoteAddress: string, count: number, nowMs: number): void {
    this.iamat += count;
    if (remoteAddress === this.lastRemoteAddress) this.iamatSeconds.add((nowMs - this.lastAtMs) / 1_000, count);
  }

  /** @param start start of the copy of the command in `bytes` */
  private recordInvalid(remoteAddress: string, bytes: Buffer, start: number, nowMs: number): void {
    const first = bytes[start];
    if (first === I) this.invalid.iamat += 1;
    else if (first === W && bytes[start + 1] === H) {
      this.invalid.whatsat += 1;
      this.recordWhatsatResponse(remoteAddress, nowMs);
    } else if (first === W) this.invalid.watch += 1;
    else if (first === U) this.invalid.unwatch += 1;
    else this.invalid.other += 1;
  }

  private recordWhatsatResponse(remoteAddress: string, nowMs: number): void {
    const atMs = this.pendingWhatsats.get(remoteAddress)?.shift();
    if (atMs !== undefined) this.whatsatSeconds.add((nowMs - atMs) / 1_000);
  }
}
