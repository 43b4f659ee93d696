/** Prints for the user. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Says what went wrong. */
export function warn(text: string): void {
  process.stderr.write(`herd: ${text}\n`);
}
