import { isUtf8 } from 'node:buffer';
import { bytesOf, textOf, type ByteString } from '../../../protocol/text/bytes.js';
import { replaceTerminalControls } from '../../../protocol/text/terminal-text.js';

/**
 * Maximum external text in a line of the log, in bytes; longer text is truncated. Every valid IAMAT and its response fit with the
 * default limits; longer text is mostly a response of an upstream.
 */
export const maxShownBytes = 1_536;

const printableAscii = /^[\x20-\x7e]*$/;
const notPrintableAscii = /[^\x20-\x7e]/g;

/** Escape sequence of each byte: `\x1b`. */
const escapes = Array.from({ length: 256 }, (_, byte) => `\\x${byte.toString(16).padStart(2, '0')}`);

/** Escapes external text and truncates it to `maxShownBytes`, followed by its length. The result is valid UTF-8. */
export function sanitize(text: ByteString): ByteString {
  return escape(truncate(text));
}

function isShort(text: ByteString): boolean {
  return text.length <= maxShownBytes;
}

function truncate(text: ByteString): ByteString {
  if (isShort(text)) return text;
  let end = maxShownBytes;
  // Not within a UTF-8 character, which has at most three continuation bytes.
  while (end > maxShownBytes - 3 && isContinuation(text.charCodeAt(end))) end -= 1;
  return text.slice(0, end) + truncationMark(text.length);
}

/** Whether a byte continues a character of UTF-8. */
export function isContinuation(byte: number): boolean {
  return byte >= 0x80 && byte <= 0xbf;
}

/** Returns what follows the shown part of a truncated text: the length of the whole, `... (1,537 bytes)`. */
export function truncationMark(bytes: number): string {
  return `... (${groupThousands(bytes)} bytes)`;
}

function groupThousands(value: number): string {
  if (value < 1_000) return String(value);
  return `${groupThousands(Math.floor(value / 1_000))},${String(value % 1_000).padStart(3, '0')}`;
}

/**
 * Escapes control characters, with which a client could forge lines of the log or control a terminal. In text that is not UTF-8 all
 * bytes beyond ASCII are escaped: some are controls for a terminal with another character set.
 */
function escape(text: ByteString): ByteString {
  if (printableAscii.test(text)) return text;
  if (!isUtf8(Buffer.from(text, 'latin1'))) return text.replace(notPrintableAscii, escapeByte);
  return bytesOf(replaceTerminalControls(textOf(text), (character) => escapeBytes(bytesOf(character))));
}

function escapeBytes(bytes: ByteString): ByteString {
  return Array.from(bytes, escapeByte).join('');
}

function escapeByte(byte: ByteString): ByteString {
  return escapes[byte.charCodeAt(0)] ?? byte;
}
