import { supersedes } from '../../protocol/place/location.js';
import type { HerdView } from '../run/herd-view.js';
import type { WorldEvent } from '../environment.js';
import type { Breach, Invariant } from './invariant.js';

/** What a server holds of a client never goes back in the order of locations. */
export class NeverBack implements Invariant {
  readonly name = 'never-back';
  readonly sees = ['learned'] as const;

  see(event: WorldEvent, view: HerdView): Breach | undefined {
    if (event.kind !== 'learned') return undefined;
    const { server, location } = event;
    const held = view.held.get(server)?.get(location.client)?.location;
    if (held === undefined || supersedes(location, held)) return undefined;
    return { server, text: `${server} held ${held.line}, and went back to ${location.line}` };
  }
}
