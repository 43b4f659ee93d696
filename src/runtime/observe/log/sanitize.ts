import { isUtf8 } from 'node:buffer';
import { bytesOf, textOf, type ByteString } from '../../../protocol/text/bytes.js';
import { hasTerminalControls, replaceTerminalControls } from '../../../protocol/text/terminal-text.js';

/**
 * Longest text from outside that a line of the log shows whole, in bytes. It fits every valid IAMAT and its answer with the
 * default limits; what is longer is mostly an upstream's answer.
 */
export const maxShownBytes = 1_536;

const printableAscii = /^[\x20-\x7e]*$/;
const printableAsciiOrLf = /^[\n\x20-\x7e]*$/;

const notPrintableAscii = /[^\x20-\x7e]/g;

/** Each byte as it stands in the log where it may not stand as it is: `\x1b`. */
const escapes = Array.from({ length: 256 }, (_, byte) => `\\x${byte.toString(16).padStart(2, '0')}`);

/** Text from outside as the log shows it: at most `maxShownBytes` bytes of it, and then how long it is; always UTF-8. */
export function sanitize(text: ByteString): ByteString {
  return escaped(shortened(text));
}

/**
 * Texts as the log shows them, joined. Most are short, and nothing in them is escaped: then this is one join and one test for all of them.
 *
 * @param separator printable ASCII and line ends
 */
export function sanitizeJoined(texts: readonly ByteString[], separator: string): ByteString {
  const joined = (texts.every(isShort) ? texts : texts.map(shortened)).join(separator);
  return isClean(joined) ? joined : texts.map(sanitize).join(separator);
}

/** Says whether lines can stand in the log as they are. */
function isClean(lines: ByteString): boolean {
  if (printableAsciiOrLf.test(lines)) return true;
  const bytes = Buffer.from(lines, 'latin1');
  return isUtf8(bytes) && !hasTerminalControls(bytes.toString('utf8'));
}

function isShort(text: ByteString): boolean {
  return text.length <= maxShownBytes;
}

function shortened(text: ByteString): ByteString {
  if (isShort(text)) return text;
  let end = maxShownBytes;
  // Not within a character of UTF-8, which has three continuation bytes at most.
  while (end > maxShownBytes - 3 && isContinuation(text.charCodeAt(end))) end -= 1;
  return `${text.slice(0, end)}... (${String(text.length).replace(/\B(?=(?:\d{3})+$)/g, ',')} bytes)`;
}

function isContinuation(byte: number): boolean {
  return byte >= 0x80 && byte <= 0xbf;
}

/**
 * Control characters would let a client write lines of its own into the log, or control the terminal of its reader. In a text that
 * is not UTF-8 all bytes beyond ASCII are escaped: some are controls to a terminal with another character set.
 */
function escaped(text: ByteString): ByteString {
  if (printableAscii.test(text)) return text;
  if (!isUtf8(Buffer.from(text, 'latin1'))) return text.replace(notPrintableAscii, escapedByte);
  return bytesOf(replaceTerminalControls(textOf(text), (character) => escapedBytes(bytesOf(character))));
}

function escapedBytes(bytes: ByteString): ByteString {
  return Array.from(bytes, escapedByte).join('');
}

function escapedByte(byte: ByteString): ByteString {
  return escapes[byte.charCodeAt(0)] ?? byte;
}
