import { isatty } from 'node:tty';
import { warn } from './output.js';

/**
 * Listens for SIGHUP, which asks servers to read again what may have changed.
 * @param reload undefined where there is nothing to read: then that is said, and the servers serve on
 */
export function onReload(reload: (() => void) | undefined): void {
  // Where there is a terminal the signal says that it is gone, and a herd that is tried out goes with it.
  if (reload === undefined && isatty(0)) return;
  process.on('SIGHUP', reload ?? (() => warn('nothing to read again on SIGHUP: herd.yaml names no certificates')));
}
