import { supersedes } from '../../protocol/place/location.js';
import type { HerdView } from '../run/herd-view.js';
import type { SimulationEvent } from '../environment.js';
import type { Invariant, Violation } from './invariant.js';

/** A stored location is never replaced by an older one. */
export class Monotonic implements Invariant {
  readonly name = 'monotonic';
  readonly observedKinds = ['learned'] as const;

  onEvent(event: SimulationEvent, view: HerdView): Violation | undefined {
    if (event.kind !== 'learned') return undefined;
    const { server, location } = event;
    const stored = view.stored.get(server)?.get(location.client)?.location;
    if (stored === undefined || supersedes(location, stored)) return undefined;
    // On NATS, a server that is to hold a partition stores the reports that it kept until then.
    if (view.isOnNats && stored.line === location.line) return undefined;
    return { server, text: `${server} replaced ${stored.line} with the older ${location.line}` };
  }
}
