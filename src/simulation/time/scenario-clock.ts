import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../../actors/ports/clock.js';

/**
 * Scenario clock: advances with real time only inside `advanceTo()`, and never past its target. So a step one second after
 * another happens one second after the other is done, however long that takes.
 */
export class ScenarioClock {
  /** Scenario time in milliseconds; while time passes, that at its start. */
  private elapsedMs = 0;
  /** While time passes: the clock's time at the start, and the target. */
  private running: { readonly sinceMs: number; readonly untilMs: number } | undefined;

  /** @param abortSignal aborted when the run is interrupted */
  constructor(
    private readonly clock: Clock,
    private readonly abortSignal: AbortSignal,
  ) {}

  /** Scenario time in milliseconds. */
  nowMs(): number {
    if (this.running === undefined) return this.elapsedMs;
    const { sinceMs, untilMs } = this.running;
    return Math.min(untilMs, this.elapsedMs + this.clock.monotonicMs() - sinceMs);
  }

  /**
   * Lets time pass until that moment.
   * @throws the reason of the abort signal if the run is interrupted
   */
  async advanceTo(ms: number): Promise<void> {
    const untilMs = Math.max(ms, this.elapsedMs);
    this.running = { sinceMs: this.clock.monotonicMs(), untilMs };
    // Pending work is done even if no time is to pass.
    await nextTurn();
    while (this.nowMs() < untilMs && !this.abortSignal.aborted) {
      await pause(Math.ceil(untilMs - this.nowMs()), undefined, { signal: this.abortSignal }).catch(() => undefined);
    }
    this.abortSignal.throwIfAborted();
    this.elapsedMs = untilMs;
    this.running = undefined;
  }
}
