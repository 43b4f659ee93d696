import type { HerdView } from '../run/herd-view.js';
import type { Invariant, Violation } from './invariant.js';

/** The links between running neighbours that can reach each other are live; on NATS, servers that can reach the broker are. */
export class LinkRecovery implements Invariant {
  readonly name = 'link-recovery';

  checkConverged(view: HerdView): Violation[] {
    return view
      .reachablePairs()
      .filter(([one, other]) => !view.isLive(one, other))
      .map(([one, other]) => ({
        server: one,
        text: `${one} and ${other} can reach each other, but their link is not live`,
      }));
  }
}
