import type { SimulationEvent } from '../environment.js';
import type { InvariantViolation, Invariant } from './invariant.js';

/** No actor throws, whatever the network does. */
export class NoFailure implements Invariant {
  readonly name = 'no-failure';
  readonly observedKinds = ['failed'] as const;

  onEvent(event: SimulationEvent): InvariantViolation | undefined {
    return event.kind === 'failed' ? { server: event.server, text: `${event.server}: ${event.text}` } : undefined;
  }
}
