import type { ServerId } from '../../../protocol/place/ids.js';

/** Maximum partitions that a server pulls at the same time. */
const maxConcurrentPulls = 16;

/** Why a partition is pulled; decides what follows. */
export type PullPurpose = 'ask' | 'sync' | 'answer' | 'handover' | 'gap';

/** A pull of the locations in which a partition of another server differs. */
export interface Pull {
  readonly partition: number;
  readonly from: ServerId;
  readonly purpose: PullPurpose;
  /** The server of which a publication is missing, for `gap`. */
  readonly publisher: ServerId;
  /** When it began or the last page was received, on the monotonic clock. */
  activeMs: number;
}

/** The pulls of a server: one at a time for each partition, and a limited number together. */
export class Pulls {
  private readonly running = new Map<number, Pull>();
  private queue: Pull[] = [];

  /** @param start sends the first request of a pull */
  constructor(private readonly start: (pull: Pull) => void) {}

  /** Adds a pull, unless an equal one is queued or running. */
  add(pull: Pull): void {
    const isSame = ({ partition, from, purpose }: Pull): boolean =>
      partition === pull.partition && from === pull.from && purpose === pull.purpose;
    const running = this.running.get(pull.partition);
    if ((running !== undefined && isSame(running)) || this.queue.some(isSame)) return;
    this.queue.push(pull);
    this.startNext(pull.activeMs);
  }

  /** Returns the running pull of a partition from a server. */
  find(partition: number, from: ServerId): Pull | undefined {
    const pull = this.running.get(partition);
    return pull?.from === from ? pull : undefined;
  }

  /** Ends a pull. */
  finish(pull: Pull, nowMs: number): void {
    this.running.delete(pull.partition);
    this.startNext(nowMs);
  }

  /** Drops pulls without a response since a time, and those from servers that are gone. */
  expire(nowMs: number, beforeMs: number, isGone: (server: ServerId) => boolean): void {
    this.queue = this.queue.filter(({ from }) => !isGone(from));
    for (const [partition, { activeMs, from }] of this.running) {
      if (activeMs < beforeMs || isGone(from)) this.running.delete(partition);
    }
    this.startNext(nowMs);
  }

  clear(): void {
    this.running.clear();
    this.queue = [];
  }

  private startNext(nowMs: number): void {
    for (let index = 0; index < this.queue.length && this.running.size < maxConcurrentPulls;) {
      const pull = this.queue[index];
      if (pull === undefined || this.running.has(pull.partition)) index += 1;
      else {
        this.queue.splice(index, 1);
        pull.activeMs = nowMs;
        this.running.set(pull.partition, pull);
        this.start(pull);
      }
    }
  }
}
