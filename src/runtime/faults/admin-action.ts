import type { ServerId } from '../../protocol/place/ids.js';
import type { LogLevel } from '../observe/log/log-settings.js';

/** Something that is done to a running herd by hand. */
export type AdminAction =
  /** crash: a server dies in the middle of what it does. stop: it answers its clients first. restart: one that is down comes back. */
  | { readonly action: 'crash' | 'stop' | 'restart'; readonly server: ServerId }
  | { readonly action: 'log'; readonly server: ServerId; readonly level: LogLevel }
  /** cut: a link closes, and stays so. heal: it is as it was made. */
  | { readonly action: 'cut' | 'heal'; readonly link: readonly [ServerId, ServerId] }
  | { readonly action: 'slow'; readonly link: readonly [ServerId, ServerId]; readonly delayMs: number };

/**
 * Does something by hand. Resolves when it is done, or, of a crash and a stop, begun: whoever asks may be asking the very
 * server.
 * @throws AdministrationError
 */
export type Administer = (act: AdminAction) => Promise<void>;

/** Something that cannot be done, and why: what was named is not there, is not in the right state, or is of another process. */
export class AdminActionError extends Error {
  readonly code = 'HERD_ADMIN_ACTION';

  constructor(
    readonly kind: 'unknown' | 'wrong-state' | 'other-process',
    message: string,
  ) {
    super(message);
  }
}

/** An act in words: `slow Blake-Bryant by 200 ms`. */
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
