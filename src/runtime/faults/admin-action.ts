import type { ServerId } from '../../protocol/place/ids.js';
import type { LogLevel } from '../observe/log/log-settings.js';

/** Admin action on a running herd. */
export type AdminAction =
  /** crash: ends at once. stop: drains first. restart: starts a server that is down. */
  | { readonly action: 'crash' | 'stop' | 'restart'; readonly server: ServerId }
  | { readonly action: 'log'; readonly server: ServerId; readonly level: LogLevel }
  /** cut: closes a link until it is healed. heal: removes the fault. */
  | { readonly action: 'cut' | 'heal'; readonly link: readonly [ServerId, ServerId] }
  /** slow: delays each line in either direction. */
  | { readonly action: 'slow'; readonly link: readonly [ServerId, ServerId]; readonly delayMs: number };

/**
 * Performs an admin action. Resolves when it is done, or, for a crash or stop, has begun: the request may have been sent to that very
 * server.
 * @throws AdminActionError if the action is not possible
 */
export type Administer = (adminAction: AdminAction) => Promise<void>;

/** An admin action is not possible: its target is unknown, in the wrong state, or in another process. */
export class AdminActionError extends Error {
  readonly code = 'HERD_ADMIN_ACTION';

  constructor(
    readonly kind: 'unknown' | 'wrong-state' | 'other-process',
    message: string,
  ) {
    super(message);
  }
}

/** Describes an admin action: `slow Blake-Bryant by 200 ms`. */
export function describeAction(adminAction: AdminAction): string {
  switch (adminAction.action) {
    case 'crash':
    case 'stop':
    case 'restart':
      return `${adminAction.action} ${adminAction.server}`;
    case 'log':
      return `log ${adminAction.level} of ${adminAction.server}`;
    case 'cut':
    case 'heal':
      return `${adminAction.action} ${adminAction.link.join('-')}`;
    case 'slow':
      return `slow ${adminAction.link.join('-')} by ${adminAction.delayMs} ms`;
  }
}
