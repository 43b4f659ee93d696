/**
 * Waits to be told to stop. Resolves on the first of the signals; a second one ends the process at once.
 *
 * @param signals which signals stop this process
 * @param onSecond does what must be done before an end at once
 */
export function waitForStopSignal(
  signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM'],
  onSecond: () => void = () => undefined,
): Promise<void> {
  return new Promise((resolve) => {
    let received = 0;
    for (const signal of signals) {
      process.on(signal, () => {
        received += 1;
        if (received === 1) return resolve();
        onSecond();
        process.exit(1);
      });
    }
  });
}
