/** A callback that waits for its time. */
export interface Timer {
  /** When it is due, in milliseconds of its clock. */
  readonly dueMs: number;
  /** Orders timers that are due at the same moment: the one armed first fires first. */
  readonly sequence: number;
  /** Undefined if the timer was cancelled. */
  callback: (() => void) | undefined;
}

/** Timers ordered by due time: a binary heap. A cancelled timer is removed when it reaches the top. */
export class TimerHeap {
  private readonly timers: Timer[] = [];

  /** The timer that is due first; undefined if there is none. */
  get first(): Timer | undefined {
    while (this.timers[0] !== undefined && this.timers[0].callback === undefined) this.removeFirst();
    return this.timers[0];
  }

  add(timer: Timer): void {
    const { timers } = this;
    let index = timers.length;
    timers.push(timer);
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = timers[parentIndex];
      if (parent === undefined || !isBefore(timer, parent)) break;
      timers[index] = parent;
      index = parentIndex;
    }
    timers[index] = timer;
  }

  removeFirst(): void {
    const { timers } = this;
    const last = timers.pop();
    if (last === undefined || timers.length === 0) return;
    let index = 0;
    for (;;) {
      const left = timers[2 * index + 1];
      if (left === undefined) break;
      const right = timers[2 * index + 2];
      const isRight = right !== undefined && isBefore(right, left);
      const child = isRight ? right : left;
      if (!isBefore(child, last)) break;
      timers[index] = child;
      index = 2 * index + (isRight ? 2 : 1);
    }
    timers[index] = last;
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.sequence < b.sequence);
}
