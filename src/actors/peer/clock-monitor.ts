import type { ServerId } from '../../protocol/place/ids.js';
import { countedAheadSeconds } from '../../protocol/place/location-order.js';
import type { Actor, Bus } from '../bus/bus.js';
import type { ClockMessage } from '../bus/messages.js';

/** Beats of a neighbour that its clock is estimated by. */
const beatsKept = 3;

/** From where on a server warns of the difference to a neighbour's clock, and where the warning ends, in milliseconds. */
const warnedFromMs = 1_000;
const warnedUntilMs = 500;

/** From where on clocks differ so much that [LO1] counts it, in milliseconds. */
const clocksDifferMs = countedAheadSeconds * 1_000;

/** What is known of a neighbour's clock. */
interface NeighbourClock {
  /** The last differences that were measured, in milliseconds; the newest last. */
  readonly offsetsMs: number[];
  estimateMs: number;
  warning: 'none' | 'warned';
}

/**
 * Compares the server's clock with those of its connected neighbours, by the clocks that their heartbeats carry ([PE30]). A beat is late
 * by the time that it was on its way, which looks like a clock that is behind; so of the last few the smallest difference counts.
 */
export class ClockWatch implements Actor<ClockMessage> {
  private readonly neighbours = new Map<ServerId, NeighbourClock>();
  /** What was published last of the own clock. */
  private told = '';

  constructor(private readonly bus: Bus) {}

  receive(message: ClockMessage): void {
    switch (message.kind) {
      case 'clock-heard':
        this.note(message.neighbour, message.offsetMs);
        break;
      case 'clock-lost':
        this.neighbours.delete(message.neighbour);
        break;
      default:
        message satisfies never;
    }
    this.judge();
  }

  stop(): void {
    this.neighbours.clear();
  }

  private note(neighbour: ServerId, offsetMs: number): void {
    const known = this.neighbours.get(neighbour) ?? { offsetsMs: [], estimateMs: 0, warning: 'none' };
    this.neighbours.set(neighbour, known);
    known.offsetsMs.push(offsetMs);
    if (known.offsetsMs.length > beatsKept) known.offsetsMs.shift();
    known.estimateMs = nearestToZero(known.offsetsMs);
    const differsMs = Math.abs(known.estimateMs);
    const warning = differsMs > (known.warning === 'warned' ? warnedUntilMs : warnedFromMs) ? 'warned' : 'none';
    const change = warning === known.warning ? 'none' : warning === 'warned' ? 'begins' : 'ends';
    known.warning = warning;
    this.bus.publish({ kind: 'neighbour-clock', neighbour, offsetMs: known.estimateMs, warning: change });
  }

  /** Publishes whether the own clock is to be trusted, when that changes. */
  private judge(): void {
    const far = [...this.neighbours].filter(([, { estimateMs }]) => Math.abs(estimateMs) > clocksDifferMs);
    const isWrong = far.length > this.neighbours.size / 2;
    const names = far.map(([neighbour]) => neighbour).sort();
    const reason = isWrong ? reasonOf(names, this.neighbours.size) : '';
    if (reason === this.told) return;
    this.told = reason;
    this.bus.publish({ kind: 'clock', state: isWrong ? 'differs' : 'agrees', reason });
  }
}

function nearestToZero(offsetsMs: readonly number[]): number {
  return offsetsMs.reduce((least, offsetMs) => (Math.abs(offsetMs) < Math.abs(least) ? offsetMs : least));
}

function reasonOf(names: readonly ServerId[], connected: number): string {
  const of = names.length < connected ? `, ${names.length} of ${connected} connected neighbours` : '';
  return `the clock differs by more than ${countedAheadSeconds} s from ${names.join(', ')}${of}`;
}
