import type { ServerId } from '../../protocol/place/ids.js';
import { addresses } from '../addresses.js';
import type { Bus } from '../bus/bus.js';
import { sendRepeatedly } from '../bus/send-repeatedly.js';
import type { Clock } from '../ports/clock.js';
import type { LinkTimings } from '../ports/limits.js';
import type { Random } from '../ports/random.js';

/**
 * Timers of the link to a connected neighbour. Heartbeats detect a dead neighbour, comparisons find missed locations. They are not
 * events of the link's machine, since they change no state.
 */
export class SessionTimers {
  private readonly cancelHeartbeats: () => void;
  private readonly cancelComparisons: () => void;

  constructor(
    bus: Bus,
    { clock, random }: { readonly clock: Clock; readonly random: Random },
    { heartbeatMs, antiEntropyMs }: LinkTimings,
    neighbour: ServerId,
  ) {
    const link = addresses.link(neighbour);
    const schedule = { bus, clock };
    this.cancelHeartbeats = sendRepeatedly(schedule, link, { kind: 'heartbeat-due' }, () => heartbeatMs);
    // 0.5 to 1.5 times the interval, so that servers that started together do not compare at the same time.
    const nextComparisonMs = () => antiEntropyMs * (0.5 + random.next());
    this.cancelComparisons = sendRepeatedly(schedule, link, { kind: 'comparison-due' }, nextComparisonMs);
  }

  cancel(): void {
    this.cancelHeartbeats();
    this.cancelComparisons();
  }
}
