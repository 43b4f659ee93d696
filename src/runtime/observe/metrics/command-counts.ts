import type { Clock } from '../../../actors/ports/clock.js';
import type { LinesEvent } from '../../../actors/bus/events.js';
import { Histogram, secondsBounds } from './histogram.js';

const [A, H, I, U, W, mark, brace] = [65, 72, 73, 85, 87, 63, 123];

/**
 * Commands of clients that speak lines, by kind and outcome, as their answers tell: an IAMAT is answered by one line, a
 * WHATSAT by two, of which the second is JSON, WATCH and UNWATCH by lines that begin like them, and what is invalid by a copy.
 */
export class CommandCounts {
  iamat = 0;
  whatsat = 0;
  watch = 0;
  unwatch = 0;
  readonly invalid = { iamat: 0, whatsat: 0, watch: 0, unwatch: 0, other: 0 };
  /** Lines that told clients of what they watch. */
  pushed = 0;
  /** From when a chunk came until its answers were written, each as often as it had answers; in seconds. */
  readonly turnSeconds = new Histogram(secondsBounds);
  /** From when a WHATSAT came until it was answered, in seconds. */
  readonly whatsatSeconds = new Histogram(secondsBounds);
  /** When each WHATSAT came that has not been answered, by who asked. */
  private readonly asked = new Map<string, number[]>();
  private lastFar = '';
  private lastAtMs = 0;

  constructor(private readonly clock: Clock) {}

  get total(): number {
    const { iamat, whatsat, watch, unwatch, invalid } = this;
    const valid = iamat + whatsat + watch + unwatch;
    return valid + invalid.iamat + invalid.whatsat + invalid.watch + invalid.unwatch + invalid.other;
  }

  note({ direction, far, lines, pushed }: LinesEvent): void {
    if (pushed === true) this.pushed += lines.length;
    else if (direction === 'in') this.noteIn(far, lines);
    else this.noteOut(far, lines);
  }

  /** A client is gone. */
  forget(far: string): void {
    this.asked.delete(far);
  }

  private noteIn(far: string, lines: LinesEvent['lines']): void {
    this.lastFar = far;
    this.lastAtMs = this.clock.monotonicMs();
    for (const line of lines) {
      if (line.charCodeAt(0) !== W || line.charCodeAt(1) !== H) continue;
      const asked = this.asked.get(far);
      if (asked === undefined) this.asked.set(far, [this.lastAtMs]);
      else asked.push(this.lastAtMs);
    }
  }

  private noteOut(far: string, lines: LinesEvent['lines']): void {
    const nowMs = this.clock.monotonicMs();
    let at = 0;
    let json = 0;
    for (const line of lines) {
      const first = line.charCodeAt(0);
      if (first === A) at += 1;
      else if (first === brace) {
        json += 1;
        this.answered(far, nowMs);
      } else if (first === W) this.watch += 1;
      else if (first === U) this.unwatch += 1;
      else if (first === mark) this.noteInvalid(far, line, nowMs);
    }
    this.iamat += at - json;
    this.whatsat += json;
    if (far === this.lastFar && at > json) this.turnSeconds.add((nowMs - this.lastAtMs) / 1_000, at - json);
  }

  /** @param line the mark, a space, and a copy of the command */
  private noteInvalid(far: string, line: string, nowMs: number): void {
    const first = line.charCodeAt(2);
    if (first === I) this.invalid.iamat += 1;
    else if (first === W && line.charCodeAt(3) === H) {
      this.invalid.whatsat += 1;
      this.answered(far, nowMs);
    } else if (first === W) this.invalid.watch += 1;
    else if (first === U) this.invalid.unwatch += 1;
    else this.invalid.other += 1;
  }

  private answered(far: string, nowMs: number): void {
    const atMs = this.asked.get(far)?.shift();
    if (atMs !== undefined) this.whatsatSeconds.add((nowMs - atMs) / 1_000);
  }
}
