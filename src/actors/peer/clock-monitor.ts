import type { ServerId } from '../../protocol/place/ids.js';
import { maxCountedSkewSeconds } from '../../protocol/place/location-order.js';
import type { Actor, Bus } from '../bus/bus.js';
import type { ClockMonitorMessage } from './messages.js';

/** Heartbeats of a neighbour from which its clock is estimated. */
const samplesKept = 3;

/** Difference to a neighbour's clock above which a warning begins, and below which it ends, in milliseconds. */
const warnAboveMs = 1_000;
const clearBelowMs = 500;

/** Difference from which the clocks affect the order of locations ([LO1]), in milliseconds. */
const maxClockDifferenceMs = maxCountedSkewSeconds * 1_000;

/** The estimated clock of a neighbour. */
interface NeighbourClock {
  /** The last measured differences in milliseconds, the newest last. */
  readonly offsetsMs: number[];
  estimateMs: number;
  /** Whether the last event warned of the difference. */
  isWarned: boolean;
}

/**
 * Compares the server's clock with those of its connected neighbours, which their heartbeats contain ([PE30]). The transmission delay
 * of a heartbeat makes the neighbour's clock seem behind, so the smallest of the last few differences counts.
 */
export class ClockMonitor implements Actor<ClockMonitorMessage> {
  private readonly neighbours = new Map<ServerId, NeighbourClock>();
  /** The last published reason about the server's clock. */
  private lastReason = '';

  constructor(private readonly bus: Bus) {}

  receive(message: ClockMonitorMessage): void {
    switch (message.kind) {
      case 'clock-received':
        this.record(message.neighbour, message.offsetMs);
        break;
      case 'clock-lost':
        this.neighbours.delete(message.neighbour);
        break;
      default:
        message satisfies never;
    }
    this.evaluate();
  }

  stop(): void {
    this.neighbours.clear();
  }

  private record(neighbour: ServerId, offsetMs: number): void {
    const clock = this.neighbours.get(neighbour) ?? { offsetsMs: [], estimateMs: 0, isWarned: false };
    this.neighbours.set(neighbour, clock);
    clock.offsetsMs.push(offsetMs);
    if (clock.offsetsMs.length > samplesKept) clock.offsetsMs.shift();
    clock.estimateMs = nearestToZero(clock.offsetsMs);
    const differenceMs = Math.abs(clock.estimateMs);
    const isWarned = differenceMs > (clock.isWarned ? clearBelowMs : warnAboveMs);
    const warning = isWarned === clock.isWarned ? 'none' : isWarned ? 'begins' : 'ends';
    clock.isWarned = isWarned;
    this.bus.publish({ kind: 'neighbour-clock', neighbour, offsetMs: clock.estimateMs, warning });
  }

  /** Publishes whether the server's clock differs from those of most neighbours, if that has changed. */
  private evaluate(): void {
    const disagreeing = [...this.neighbours].filter(
      ([, { estimateMs }]) => Math.abs(estimateMs) > maxClockDifferenceMs,
    );
    const isWrong = disagreeing.length > this.neighbours.size / 2;
    const names = disagreeing.map(([neighbour]) => neighbour).sort();
    const reason = isWrong ? describeDisagreement(names, this.neighbours.size) : '';
    if (reason === this.lastReason) return;
    this.lastReason = reason;
    this.bus.publish({ kind: 'clock', state: isWrong ? 'differs' : 'agrees', reason });
  }
}

function nearestToZero(offsetsMs: readonly number[]): number {
  return offsetsMs.reduce((nearest, offsetMs) => (Math.abs(offsetMs) < Math.abs(nearest) ? offsetMs : nearest));
}

function describeDisagreement(names: readonly ServerId[], connected: number): string {
  const share = names.length < connected ? `, ${names.length} of ${connected} connected neighbours` : '';
  return `the clock differs by more than ${maxCountedSkewSeconds} s from ${names.join(', ')}${share}`;
}
