import type { WorldEvent } from '../environment.js';
import type { Breach, Invariant } from './invariant.js';

/** No actor throws, whatever the network does. */
export class NoFailure implements Invariant {
  readonly name = 'no-failure';
  readonly sees = ['failed'] as const;

  see(event: WorldEvent): Breach | undefined {
    return event.kind === 'failed' ? { server: event.server, text: `${event.server}: ${event.text}` } : undefined;
  }
}
