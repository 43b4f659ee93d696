import type { ServerId } from '../../protocol/place/ids.js';
import type { HerdView } from '../run/herd-view.js';
import type { WorldEvent } from '../environment.js';

/** What was found to be broken. */
export interface Breach {
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
  readonly sees?: readonly WorldEvent['kind'][];
  /** Safety: looks at an event of these kinds before the view has taken it in. */
  see?(event: WorldEvent, view: HerdView): Breach | undefined;
  /** Safety: looks around, after each step and once a simulated second. */
  look?(view: HerdView): Breach[];
  /**
   * Liveness: looks at a herd that has had the time that it is promised.
   *
   * @param settledMs what happened after this moment may be under way still
   */
  settled?(view: HerdView, settledMs: number): Promise<Breach[]> | Breach[];
}
