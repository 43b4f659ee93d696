import type { ServerId } from '../../protocol/place/ids.js';
import type { HerdView } from '../run/herd-view.js';
import { LinkSet } from '../run/link-set.js';
import type { SimulationEvent } from '../environment.js';

/**
 * Links that have delivered everything without delay since they came up: both ends could always reach each other and no buffer
 * was full. On other links earlier data may still be held up.
 */
export class UndisturbedLinks {
  private readonly disturbed = new LinkSet<ServerId>();

  /** Processes events of the kinds `link` and `backpressure`. */
  onEvent(event: SimulationEvent): void {
    if (event.kind === 'backpressure') this.disturbed.add(event.server, event.neighbour);
    // The connection is new.
    if (event.kind === 'link' && event.state === 'catching-up') this.disturbed.delete(event.server, event.neighbour);
  }

  /** Checks after each step, since only steps disturb links. Whether a server that is down can be reached is unknown. */
  update(view: HerdView): void {
    for (const from of view.runningServers) {
      for (const to of view.links.get(from) ?? []) {
        if (view.isUp(to) && !view.environment.canReach(from, to)) this.disturbed.add(from, to);
      }
    }
  }

  includes(from: ServerId, to: ServerId, view: HerdView): boolean {
    return view.isLive(from, to) && view.environment.canReach(from, to) && !this.disturbed.has(from, to);
  }

  /** Whether nothing has disturbed the link; one of its ends may be down. */
  isUndisturbed(from: ServerId, to: ServerId): boolean {
    return !this.disturbed.has(from, to);
  }
}
