import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { StringDecoder } from 'node:string_decoder';
import { replaceTerminalControls } from '../../protocol/text/terminal-text.js';

/** Output stream; `isTTY` is true for a terminal. */
type Output = Writable & { readonly isTTY?: boolean };

/** Prints a line to standard output. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Prints a problem to standard error. */
export function warn(text: string): void {
  process.stderr.write(`herd: ${text}\n`);
}

/** Ignores EPIPE: servers keep running when their output is closed, and the exit code still reports the result. */
export function ignoreBrokenPipe(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}

/** Replaces each character of external text that a terminal would interpret with a question mark. */
export function toPrintable(text: string): string {
  return replaceTerminalControls(text, () => '?');
}

/** Makes a line with external text safe for standard output: unchanged unless that is a terminal. */
export function sanitizeForOutput(line: string): string {
  return process.stdout.isTTY ? toPrintable(line) : line;
}

/**
 * Copies external text to standard output: unchanged to the byte, or made printable for a terminal. Reads no faster than the output
 * can be written.
 */
export async function copyToOutput(source: AsyncIterable<Buffer>, output: Output = process.stdout): Promise<void> {
  if (output.isTTY === true) await pipeline(source, toPrintableText, output, { end: false });
  else await pipeline(source, output, { end: false });
}

/** Decodes UTF-8, with U+FFFD for invalid bytes, and makes each line printable. */
async function* toPrintableText(source: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  const sanitizeLines = (text: string) => text.split('\n').map(toPrintable).join('\n');
  for await (const chunk of source) yield sanitizeLines(decoder.write(chunk));
  yield sanitizeLines(decoder.end());
}

/**
 * Formats a table of text whose columns are as wide as their widest cell.
 * @param rightAligned indexes of the columns that are aligned to the right, such as those of numbers
 */
export function formatTable(
  headers: readonly string[],
  rows: readonly (readonly string[])[],
  rightAligned: ReadonlySet<number> = new Set(),
): string {
  const all = [headers, ...rows];
  const widths = headers.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const pad = (cell: string, column: number) =>
    rightAligned.has(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0);
  return all.map((row) => `  ${row.map(pad).join('  ')}`.trimEnd()).join('\n');
}

/** Formats a count with its noun: `1 server`, `2 servers`. */
export function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
