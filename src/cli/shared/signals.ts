import { isatty } from 'node:tty';
import { warn } from './output.js';

/**
 * Resolves on the first stop signal. A second one ends the process immediately.
 * @param signals signals that stop this process
 * @param onSecond called before the process ends on the second signal
 */
export function waitForStopSignal(
  signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM'],
  onSecond: () => void = () => undefined,
): Promise<void> {
  return new Promise((resolve) => {
    let isStopping = false;
    for (const signal of signals) {
      process.on(signal, () => {
        if (!isStopping) {
          isStopping = true;
          return resolve();
        }
        onSecond();
        process.exit(2);
      });
    }
  });
}

/**
 * Calls `reload` on SIGHUP.
 * @param reload undefined if there is nothing to reload; the signal is then ignored with a warning
 */
export function onReload(reload: (() => void) | undefined): void {
  // SIGHUP also means that the terminal was closed. Without anything to reload, a herd started in a terminal then ends with it.
  if (reload === undefined && isatty(0)) return;
  process.on('SIGHUP', reload ?? (() => warn('SIGHUP ignored: no TLS certificates are configured')));
}
