/** Prints for the user. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Says what went wrong. */
export function warn(text: string): void {
  process.stderr.write(`herd: ${text}\n`);
}

/** Goes on when nobody reads the output any more: servers are there for others than who started them, and a verdict is a status. */
export function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}
