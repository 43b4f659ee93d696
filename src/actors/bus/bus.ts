import type { HerdEvent } from './events.js';

declare const accepts: unique symbol;

/** Address of an actor, typed by the messages that it receives: sending it another message does not compile. */
export type Address<Message> = string & { readonly [accepts]: (message: Message) => void };

/** Creates the address with a name. */
export function address<Message>(name: string): Address<Message> {
  return name as Address<Message>;
}

/** Receives the messages sent to an address. */
export interface Actor<Message> {
  /** Handles one message. If it throws, the actor has failed and its supervisor acts. */
  receive(message: Message): void;
  /** Releases timers, connections and other resources. Called once, by the supervisor. */
  stop(): void;
}

/**
 * Message bus of one server.
 *
 * Messages are handled one at a time, in the order in which they were sent. `send` from within an actor returns before the message
 * is handled; `send` from outside returns after the message, and all messages sent because of it, are handled.
 */
export interface Bus {
  /**
   * Number of the present run of deliveries: a message from outside, and all messages that it causes. Buffers that were sent in an
   * earlier run may be used again.
   */
  readonly run: number;
  /** Sends a message. A message to an address without an actor is a dead letter: it is counted and published as an event. */
  send<Message>(to: Address<Message>, message: NoInfer<Message>): void;
  /** Publishes an event to all listeners. Listeners observe only: they do not change the actors' state. */
  publish(event: HerdEvent): void;
}

/** The error that an actor threw while it handled a message. */
export interface ActorFailure {
  readonly address: string;
  readonly message: unknown;
  readonly error: unknown;
}

/** Message bus to which actors can be attached. */
export interface ActorRegistry extends Bus {
  /** Attaches an actor to an address, in place of the previous one. */
  attach<Message>(at: Address<Message>, actor: Actor<Message>): void;
  /** Detaches the actor of an address. */
  detach(at: Address<never>): void;
  /** Sets the function that is called when an actor throws. */
  supervise(onFailure: (failure: ActorFailure) => void): void;
}
