import type { MachineFailed } from '../bus/requests.js';
import type { ClientChannel } from '../ports/client-channel.js';

/** Sent to the root actor of a server. */
export type ServerMessage =
  | { readonly kind: 'connection-opened'; readonly connection: number; readonly channel: ClientChannel }
  | { readonly kind: 'connection-closed'; readonly connection: number; readonly reason: string }
  /** Replication over NATS has handed over what only this server had. */
  | { readonly kind: 'replication-left' }
  | MachineFailed;
