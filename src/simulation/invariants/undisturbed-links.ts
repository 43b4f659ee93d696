import type { ServerId } from '../../protocol/place/ids.js';
import type { HerdView } from '../run/herd-view.js';
import type { SimulationEvent } from '../environment.js';

/**
 * Which links have carried at once, since they came up, whatever they were given: their neighbours always reached each other, and
 * there was room for all. On others something may still be held up that was given to them earlier.
 */
export class UndisturbedLinks {
  /** By direction: `Blake>Bryant`. */
  private readonly disturbed = new Set<string>();

  /** Looks at events of the kinds `link` and `backpressure`. */
  onEvent(event: SimulationEvent): void {
    if (event.kind === 'backpressure') this.disturbed.add(`${event.server}>${event.neighbour}`);
    // It has a new connection.
    if (event.kind === 'link' && event.state === 'catching-up')
      this.disturbed.delete(`${event.server}>${event.neighbour}`);
  }

  /** Looks around after each step: what breaks links is a step. Of servers that are down it cannot be told whether they are reached. */
  update(view: HerdView): void {
    for (const from of view.runningServers) {
      for (const to of view.links.get(from) ?? []) {
        if (view.isUp(to) && !view.environment.canReach(from, to)) this.disturbed.add(`${from}>${to}`);
      }
    }
  }

  includes(from: ServerId, to: ServerId, view: HerdView): boolean {
    return view.isLive(from, to) && view.environment.canReach(from, to) && !this.disturbed.has(`${from}>${to}`);
  }

  /** Whether nothing has disturbed the link so far; one of its ends may be down. */
  isUndisturbed(from: ServerId, to: ServerId): boolean {
    return !this.disturbed.has(`${from}>${to}`);
  }
}
