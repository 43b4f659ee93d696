import type { HerdEvent } from './events.js';

declare const accepts: unique symbol;

/** Where an actor is reached, typed by the messages it takes: a message that it does not take does not compile. */
export type Address<Message> = string & { readonly [accepts]: (message: Message) => void };

/** Names an actor's address. */
export function address<Message>(name: string): Address<Message> {
  return name as Address<Message>;
}

/** What lives at an address. */
export interface Actor<Message> {
  /** Handles one message to its end. An exception is a failure of this actor: its supervisor acts. */
  receive(message: Message): void;
  /** Lets go of everything it holds. Called once, by its supervisor. */
  stop(): void;
}

/**
 * The bus of one server, as its actors see it.
 *
 * Messages are handled one at a time, in the order they were sent, each to its end before the next begins: `send` from
 * within an actor returns before the message is handled, `send` from outside returns after everything it led to has been.
 */
export interface Bus {
  /** Sends a message. One to an address where nobody lives is a dead letter: counted and published. */
  send<Message>(to: Address<Message>, message: NoInfer<Message>): void;
  /** Tells whoever listens that something happened. Listeners listen; they do not take part. */
  publish(event: HerdEvent): void;
}

/** An actor that threw while it handled a message. */
export interface ActorFailure {
  readonly address: string;
  readonly message: unknown;
  readonly error: unknown;
}

/** The bus as a supervisor sees it: it decides who lives where. */
export interface ActorRegistry extends Bus {
  /** Gives the address to an actor, in place of the one that had it. */
  attach<Message>(at: Address<Message>, actor: Actor<Message>): void;
  /** Frees the address. */
  detach(at: Address<never>): void;
  /** Names the one who hears of failures. */
  supervise(onFailure: (failure: ActorFailure) => void): void;
}
