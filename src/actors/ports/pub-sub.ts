/**
 * Connection of a server to a message broker with subjects and queue groups, as NATS core has them: a message reaches each subscriber
 * at most once, and messages of one publisher reach a subscriber in the order in which they were published.
 */
export interface PubSubSession {
  /** Maximum length of a payload in bytes. Known once the session is open. */
  readonly maxPayloadBytes: number;
  /** Bytes that were published and not sent. */
  readonly bufferedBytes: number;
  /**
   * Publishes a message. This session's own subscriptions do not receive it.
   * @param payload the session's from now on: the caller does not change it
   * @param replyTo the subject for responses. `unanswered` reports if there is no subscriber
   */
  publish(subject: string, payload: Uint8Array, replyTo?: string): void;
  /**
   * Subscribes to a subject, which may end with the wildcard `>` and have wildcards `*` as tokens.
   * @param queue the queue group; of its subscribers, one receives each message
   * @returns a function that ends the subscription
   */
  subscribe(subject: string, queue?: string): () => void;
  /** Closes the session after sending what was published. Nothing is reported any more. */
  close(): void;
}

/** Receives the reports of a session. None is made during the call that opens the session, and none after `closed`. */
export interface PubSubHandler {
  /** The session can be used. The first report, unless opening failed. */
  opened(session: PubSubSession): void;
  /** A message was received. @param payload valid during the call. @param replyTo the subject for responses; '' if none is expected */
  received(session: PubSubSession, subject: string, payload: Uint8Array, replyTo: string): void;
  /** A message that was published with `replyTo` had no subscriber. */
  unanswered(session: PubSubSession, replyTo: string): void;
  /** The session could not be opened or has ended: the connection was lost, or the broker refused something. */
  closed(session: PubSubSession, reason: string): void;
}

/** Opens sessions with a message broker. */
export interface PubSub {
  /** Opens a session. */
  open(handler: PubSubHandler): PubSubSession;
  /** Resolves when all sessions that were closed have sent what was published. */
  flushed(): Promise<void>;
}
