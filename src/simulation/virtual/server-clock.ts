import type { Clock } from '../../actors/ports/clock.js';
import type { Instant } from '../../protocol/place/time.js';
import { instantAt, type VirtualClock } from '../time/virtual-clock.js';
import type { SimulatedProcess } from './simulated-process.js';

/** Error of a machine's clock. It outlives the processes of that machine. */
export class ClockFault {
  private rate = 1;
  private offsetMs = 0;
  /** The true time since which the present rate applies, and the machine's time then. */
  private rateChangedMs = 0;
  private machineMsAtRateChange = 0;

  /** Sets the time of day forward, or back if negative. */
  jump(byMs: number): void {
    this.offsetMs += byMs;
  }

  /** Changes the rate: 1.01 counts 1.01 s per second. */
  drift(rate: number, trueMs: number): void {
    this.machineMsAtRateChange = this.machineMs(trueMs);
    this.rateChangedMs = trueMs;
    this.rate = rate;
  }

  /** Milliseconds that the machine has counted at a true time; never goes back. */
  machineMs(trueMs: number): number {
    return this.rate === 1 && this.rateChangedMs === 0
      ? trueMs
      : this.machineMsAtRateChange + (trueMs - this.rateChangedMs) * this.rate;
  }

  /** The machine's time of day at a true time, in milliseconds since the start. */
  timeOfDayMs(trueMs: number): number {
    return this.machineMs(trueMs) + this.offsetMs;
  }

  /** Converts a duration on this machine to true time. */
  trueDurationMs(spanMs: number): number {
    return spanMs / this.rate;
  }
}

/** A timer of a process, which may become due while the process is paused. */
interface ProcessTimer {
  handle: unknown;
  state: 'armed' | 'cleared';
}

/** Time as one process sees it: its machine's clock may be wrong, and while it is paused no timer fires. */
export class ServerClock implements Clock {
  constructor(
    private readonly clock: VirtualClock,
    private readonly fault: ClockFault,
    private readonly simulatedProcess: SimulatedProcess,
  ) {}

  now(): Instant {
    return instantAt(this.fault.timeOfDayMs(this.clock.monotonicMs()));
  }

  monotonicMs(): number {
    return this.fault.machineMs(this.clock.monotonicMs());
  }

  setTimeout(callback: () => void, delayMs: number): unknown {
    const timer: ProcessTimer = { handle: undefined, state: 'armed' };
    const fire = () => {
      if (timer.state === 'armed') callback();
    };
    timer.handle = this.clock.setTimeout(() => this.simulatedProcess.run(fire), this.fault.trueDurationMs(delayMs));
    return timer;
  }

  clearTimeout(timer: unknown): void {
    if (timer === undefined) return;
    const cleared = timer as ProcessTimer;
    cleared.state = 'cleared';
    this.clock.clearTimeout(cleared.handle);
  }
}
