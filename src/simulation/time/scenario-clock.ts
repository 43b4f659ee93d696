import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../../actors/ports/clock.js';

/**
 * The time of a story that is played in real time. It passes only while it is let pass, and never beyond the moment that it is
 * let pass to: however long the start of a process takes, and however busy the machine is, what comes a second after a step
 * comes a second after it is done.
 */
export class StoryClock {
  /** How far the story has come, in milliseconds; while time passes, how far it had come before. */
  private toldMs = 0;
  /** While time passes: the clock's time when it began to, and how far it may go. */
  private passing: { readonly sinceMs: number; readonly untilMs: number } | undefined;

  /** @param interrupted when the story is to be broken off */
  constructor(
    private readonly clock: Clock,
    private readonly interrupted: AbortSignal,
  ) {}

  /** Milliseconds since the story began. */
  nowMs(): number {
    if (this.passing === undefined) return this.toldMs;
    const { sinceMs, untilMs } = this.passing;
    return Math.min(untilMs, this.toldMs + this.clock.monotonicMs() - sinceMs);
  }

  /**
   * Lets time pass until that moment.
   * @throws if the story is broken off
   */
  async passUntil(ms: number): Promise<void> {
    const untilMs = Math.max(ms, this.toldMs);
    this.passing = { sinceMs: this.clock.monotonicMs(), untilMs };
    // Whatever waits is done, even if no time is to pass.
    await nextTurn();
    while (this.nowMs() < untilMs && !this.interrupted.aborted) {
      await pause(Math.ceil(untilMs - this.nowMs()), undefined, { signal: this.interrupted }).catch(() => undefined);
    }
    this.interrupted.throwIfAborted();
    this.toldMs = untilMs;
    this.passing = undefined;
  }
}
