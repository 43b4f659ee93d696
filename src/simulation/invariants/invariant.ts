import type { ServerId } from '../../protocol/place/ids.js';
import type { HerdView } from '../run/herd-view.js';
import type { SimulationEvent } from '../environment.js';

/** What was found to be broken. */
export interface Violation {
  readonly text: string;
  /** The server at which it was seen; undefined where it is the herd's. */
  readonly server?: ServerId | undefined;
}

/**
 * Something that must always be so. It only watches: events as they come, and the herd at moments when it has come to rest. One
 * is made for each run.
 */
export interface Invariant {
  /** What it is reported by. */
  readonly name: string;
  /** The kinds of events that it looks at. */
  readonly observedKinds?: readonly SimulationEvent['kind'][];
  /** Safety: looks at an event of these kinds before the view has taken it in. */
  onEvent?(event: SimulationEvent, view: HerdView): Violation | undefined;
  /** Safety: looks around, after each step and once a simulated second. */
  checkPeriodically?(view: HerdView): Violation[];
  /**
   * Liveness: looks at a herd that has had the time that it is promised.
   *
   * @param settledMs what happened after this moment may be under way still
   */
  checkConverged?(view: HerdView, settledMs: number): Promise<Violation[]> | Violation[];
}
