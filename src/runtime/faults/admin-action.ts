import type { ServerId } from '../../protocol/place/ids.js';
import type { LogLevel } from '../observe/log/log-settings.js';

/** Something that is done to a running herd by hand. */
export type Act =
  /** crash: a server dies in the middle of what it does. stop: it answers its clients first. restart: one that is down comes back. */
  | { readonly act: 'crash' | 'stop' | 'restart'; readonly server: ServerId }
  | { readonly act: 'log'; readonly server: ServerId; readonly level: LogLevel }
  /** cut: a link closes, and stays so. heal: it is as it was made. */
  | { readonly act: 'cut' | 'heal'; readonly link: readonly [ServerId, ServerId] }
  | { readonly act: 'slow'; readonly link: readonly [ServerId, ServerId]; readonly delayMs: number };

/**
 * Does something by hand. Resolves when it is done, or, of a crash and a stop, begun: whoever asks may be asking the very
 * server.
 * @throws AdministrationError
 */
export type Administer = (act: Act) => Promise<void>;

/** Something that cannot be done, and why: what was named is not there, is not in the right state, or is of another process. */
export class AdministrationError extends Error {
  readonly code = 'HERD_ADMINISTRATION';

  constructor(
    readonly kind: 'unknown' | 'wrong state' | 'elsewhere',
    message: string,
  ) {
    super(message);
  }
}

/** An act in words: `slow Blake-Bryant by 200 ms`. */
export function wordsOf(act: Act): string {
  switch (act.act) {
    case 'crash':
    case 'stop':
    case 'restart':
      return `${act.act} ${act.server}`;
    case 'log':
      return `log ${act.level} of ${act.server}`;
    case 'cut':
    case 'heal':
      return `${act.act} ${act.link.join('-')}`;
    case 'slow':
      return `slow ${act.link.join('-')} by ${act.delayMs} ms`;
  }
}
