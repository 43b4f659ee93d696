/** Interval between two updates of the console in milliseconds, and the maximum number of changes shown in each. */
const flushIntervalMs = 500;
const maxShown = 8;

/** Rate-limits WATCH changes to what can be read: shows the newest of each interval and the number of omitted ones. */
export class ChangeThrottle {
  private newest: string[] = [];
  private omitted = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly show: (lines: readonly string[], omitted: number) => void) {}

  add(line: string): void {
    this.newest.push(line);
    if (this.newest.length > maxShown) {
      this.newest.shift();
      this.omitted += 1;
    }
    if (this.timer === undefined) this.flush();
  }

  /** Shows pending changes at once, so that a response that follows them is shown after them. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.newest.length === 0) return;
    const { newest, omitted } = this;
    this.newest = [];
    this.omitted = 0;
    this.show(newest, omitted);
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.flush();
    }, flushIntervalMs);
  }
}
