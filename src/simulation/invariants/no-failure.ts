import type { SimulationEvent } from '../environment.js';
import type { Invariant, Violation } from './invariant.js';

/** No actor throws. */
export class NoFailure implements Invariant {
  readonly name = 'no-failure';
  readonly observedKinds = ['failed'] as const;

  onEvent(event: SimulationEvent): Violation | undefined {
    return event.kind === 'failed' ? { server: event.server, text: `${event.server}: ${event.text}` } : undefined;
  }
}
