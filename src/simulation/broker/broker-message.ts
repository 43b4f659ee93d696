import type { ByteString } from '../../protocol/text/bytes.js';

/** A published message. */
export interface BrokerMessage {
  readonly subject: string;
  /** Bytes as latin1 text. */
  readonly payload: ByteString;
  /** The subject for responses; '' if none is expected. */
  readonly replyTo: string;
}

/** What a node's own clients are subscribed to, as other nodes learn it. */
export interface Interest {
  readonly subject: string;
  readonly queue: string;
  /** Number of subscriptions. */
  weight: number;
}
