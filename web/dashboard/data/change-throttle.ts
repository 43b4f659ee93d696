/** How often changes are shown, in milliseconds, and how many at once at most: more than that nobody reads. */
const flushIntervalMs = 500;
const maxShown = 8;

/** Changes as fast as a reader can take them in: of those that come together the newest, and how many are left out. */
export class ChangeThrottle {
  private newest: string[] = [];
  private omitted = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly show: (lines: readonly string[], leftOut: number) => void) {}

  add(line: string): void {
    this.newest.push(line);
    if (this.newest.length > maxShown) {
      this.newest.shift();
      this.omitted += 1;
    }
    if (this.timer === undefined) this.flush();
  }

  /** Shows what has come so far: something else is about to be shown behind it. */
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
