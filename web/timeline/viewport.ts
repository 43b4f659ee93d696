/** The shortest time that is shown at once, in milliseconds: what happens between is closer than any two messages are. */
const minSpanMs = 0.2;

/** The part of a run that is in view, in milliseconds since its start. */
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

  /** Shows that time, or as near to it as the run goes. */
  show(fromMs: number, toMs: number): void {
    const spanMs = Math.min(this.totalMs, Math.max(minSpanMs, toMs - fromMs));
    this.from = Math.max(0, Math.min(this.totalMs - spanMs, fromMs));
    this.to = this.from + spanMs;
  }

  showAll(): void {
    this.show(0, this.totalMs);
  }

  /** Goes to a moment, without zooming, if it is out of view. */
  reveal(ms: number): void {
    if (ms >= this.from && ms <= this.to) return;
    this.show(ms - this.spanMs / 2, ms + this.spanMs / 2);
  }

  /** Goes nearer, or farther with a factor above 1; what is at that moment stays where it is. */
  zoom(factor: number, aroundMs = (this.from + this.to) / 2): void {
    const spanMs = Math.min(this.totalMs, Math.max(minSpanMs, this.spanMs * factor));
    const fraction = (aroundMs - this.from) / this.spanMs;
    this.show(aroundMs - fraction * spanMs, aroundMs + (1 - fraction) * spanMs);
  }

  pan(ms: number): void {
    this.show(this.from + ms, this.to + ms);
  }
}
