import type { ActorFailure } from '../../src/actors/bus/bus.js';
import type { HerdEvent } from '../../src/actors/bus/events.js';
import { BufferOverwriter } from '../../src/runtime/bus/buffer-overwriter.js';
import { MessageBus, type EventOf } from '../../src/runtime/bus/message-bus.js';
import { copyMessage, type Copied } from './copy-message.js';

/** The real bus, on which a listener that throws fails the test, and delivered buffers are overwritten. */
export function strictBus(): MessageBus {
  const onListenerFailure = (error: unknown) => {
    throw error;
  };
  return new MessageBus(onListenerFailure, new BufferOverwriter());
}

/** Keeps the events of one kind. */
export function collectEvents<Kind extends HerdEvent['kind']>(bus: MessageBus, kind: Kind): Copied<EventOf<Kind>>[] {
  const events: Copied<EventOf<Kind>>[] = [];
  bus.on(kind, (event) => events.push(copyMessage(event)));
  return events;
}

/** Keeps the failures of actors that nobody supervises. */
export function collectFailures(bus: MessageBus): ActorFailure[] {
  const failures: ActorFailure[] = [];
  bus.supervise((failure) => failures.push(failure));
  return failures;
}
