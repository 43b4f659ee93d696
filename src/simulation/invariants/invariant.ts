import type { ServerId } from '../../protocol/place/ids.js';
import type { HerdView } from '../run/herd-view.js';
import type { SimulationEvent } from '../environment.js';

/** A violation of an invariant. */
export interface Violation {
  readonly text: string;
  /** The server where it was found; undefined if it concerns the whole herd. */
  readonly server?: ServerId | undefined;
}

/** A property that must hold in every run. An invariant only observes. One is created for each run. */
export interface Invariant {
  /** Name in results. */
  readonly name: string;
  /** Kinds of events that are passed to `onEvent`. */
  readonly observedKinds?: readonly SimulationEvent['kind'][];
  /** Safety: checks an event before the view is updated with it. */
  onEvent?(event: SimulationEvent, view: HerdView): Violation | undefined;
  /** Safety: checks the herd after each step and once per scenario second. */
  checkPeriodically?(view: HerdView): Violation[];
  /**
   * Liveness: checks a herd that has had enough time to converge.
   * @param settledMs events after this moment, in scenario milliseconds, may still be propagating
   */
  checkConverged?(view: HerdView, settledMs: number): Promise<Violation[]> | Violation[];
}
