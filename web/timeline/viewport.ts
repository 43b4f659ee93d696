/** Shortest visible duration, in milliseconds: no two messages are closer. */
const minSpanMs = 0.2;

/** The visible part of a run, in milliseconds since its start. */
export class Viewport {
  private from = 0;
  private to: number;

  constructor(readonly totalMs: number) {
    this.to = totalMs;
  }

  get fromMs(): number {
    return this.from;
  }

  get toMs(): number {
    return this.to;
  }

  get spanMs(): number {
    return this.to - this.from;
  }

  /** Shows that time, limited to the run. */
  show(fromMs: number, toMs: number): void {
    const spanMs = Math.min(this.totalMs, Math.max(minSpanMs, toMs - fromMs));
    this.from = Math.max(0, Math.min(this.totalMs - spanMs, fromMs));
    this.to = this.from + spanMs;
  }

  showAll(): void {
    this.show(0, this.totalMs);
  }

  /** Moves to a moment if it is out of view, without zooming. */
  reveal(ms: number): void {
    if (ms >= this.from && ms <= this.to) return;
    this.show(ms - this.spanMs / 2, ms + this.spanMs / 2);
  }

  /** Zooms in (factor below 1) or out around a moment, which stays in place. */
  zoom(factor: number, aroundMs = (this.from + this.to) / 2): void {
    const spanMs = Math.min(this.totalMs, Math.max(minSpanMs, this.spanMs * factor));
    const fraction = (aroundMs - this.from) / this.spanMs;
    this.show(aroundMs - fraction * spanMs, aroundMs + (1 - fraction) * spanMs);
  }

  pan(ms: number): void {
    this.show(this.from + ms, this.to + ms);
  }
}
