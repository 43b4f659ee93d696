/** How often changes are shown, in milliseconds, and how many at once at most: more than that nobody reads. */
const showEveryMs = 500;
const shownMax = 8;

/** Changes as fast as a reader can take them in: of those that come together the newest, and how many are left out. */
export class Changes {
  private newest: string[] = [];
  private leftOut = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly show: (lines: readonly string[], leftOut: number) => void) {}

  add(line: string): void {
    this.newest.push(line);
    if (this.newest.length > shownMax) {
      this.newest.shift();
      this.leftOut += 1;
    }
    if (this.timer === undefined) this.showAll();
  }

  /** Shows what has come so far: something else is about to be shown behind it. */
  showAll(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.newest.length === 0) return;
    const { newest, leftOut } = this;
    this.newest = [];
    this.leftOut = 0;
    this.show(newest, leftOut);
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.showAll();
    }, showEveryMs);
  }
}
