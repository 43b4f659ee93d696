import type { HerdView } from '../run/herd-view.js';
import type { Breach, Invariant } from './invariant.js';

/** Neighbours that run and reach each other are linked. */
export class LinksReturn implements Invariant {
  readonly name = 'links-return';

  settled(view: HerdView): Breach[] {
    return view
      .reachable()
      .filter(([one, other]) => !view.isLive(one, other))
      .map(([one, other]) => ({
        server: one,
        text: `${one} and ${other} reach each other, and their link is not live`,
      }));
  }
}
