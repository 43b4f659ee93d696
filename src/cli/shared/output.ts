import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { toPrintable, toPrintableLines } from './printable.js';

/** Where output goes; `isTTY` says that it is a terminal. */
type Output = Writable & { readonly isTTY?: boolean };

/** Prints for the user. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** A line with text from outside, to be printed: printable where standard output is a terminal, as it is elsewhere. */
export function sanitizeForOutput(line: string): string {
  return process.stdout.isTTY ? toPrintable(line) : line;
}

/**
 * Copies lines from outside to standard output: printable where that is a terminal, to the byte elsewhere. Reads no faster than
 * the output takes.
 */
export async function copyToOutput(source: AsyncIterable<Buffer>, output: Output = process.stdout): Promise<void> {
  if (output.isTTY === true) await pipeline(source, toPrintableLines, output, { end: false });
  else await pipeline(source, output, { end: false });
}

/** Says what went wrong. */
export function warn(text: string): void {
  process.stderr.write(`herd: ${text}\n`);
}

/** Goes on when nobody reads the output any more: servers are there for others than who started them, and a verdict is a status. */
export function ignoreBrokenPipe(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}

/** Formats a count with its noun: `1 server`, `2 servers`. */
export function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
