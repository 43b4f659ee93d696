import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../../actors/ports/clock.js';

/**
 * The time of a story that is played in real time. It passes only while it is let pass, and never beyond the moment that it is
 * let pass to: however long the start of a process takes, and however busy the machine is, what comes a second after a step
 * comes a second after it is done.
 */
export class ScenarioClock {
  /** How far the story has come, in milliseconds; while time passes, how far it had come before. */
  private elapsedMs = 0;
  /** While time passes: the clock's time when it began to, and how far it may go. */
  private running: { readonly sinceMs: number; readonly untilMs: number } | undefined;

  /** @param abortSignal when the story is to be broken off */
  constructor(
    private readonly clock: Clock,
    private readonly abortSignal: AbortSignal,
  ) {}

  /** Milliseconds since the story began. */
  nowMs(): number {
    if (this.running === undefined) return this.elapsedMs;
    const { sinceMs, untilMs } = this.running;
    return Math.min(untilMs, this.elapsedMs + this.clock.monotonicMs() - sinceMs);
  }

  /**
   * Lets time pass until that moment.
   * @throws if the story is broken off
   */
  async advanceTo(ms: number): Promise<void> {
    const untilMs = Math.max(ms, this.elapsedMs);
    this.running = { sinceMs: this.clock.monotonicMs(), untilMs };
    // Whatever waits is done, even if no time is to pass.
    await nextTurn();
    while (this.nowMs() < untilMs && !this.abortSignal.aborted) {
      await pause(Math.ceil(untilMs - this.nowMs()), undefined, { signal: this.abortSignal }).catch(() => undefined);
    }
    this.abortSignal.throwIfAborted();
    this.elapsedMs = untilMs;
    this.running = undefined;
  }
}
