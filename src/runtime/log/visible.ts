import { bytesOf, textOf, type ByteString } from '../../protocol/bytes.js';
import { replaceTerminalActive } from '../../protocol/terminal-text.js';

/**
 * Longest text from outside that a line of the log shows whole, in bytes. It fits every valid IAMAT and its answer with the
 * default limits; what is longer is mostly an upstream's answer.
 */
export const shownBytesMax = 1_536;

const printableAscii = /^[\x20-\x7e]*$/;
const printableAsciiOrLf = /^[\n\x20-\x7e]*$/;

/** A run of bytes that are UTF-8 by themselves (RFC 3629, section 4), or one byte that is not. */
const utf8OrByte =
  /((?:[^\x80-\xff]|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2})+)|[\x80-\xff]/g;

/** Each byte as it stands in the log where it may not stand as it is: `\x1b`. */
const escapes = Array.from({ length: 256 }, (_, byte) => `\\x${byte.toString(16).padStart(2, '0')}`);

/** Text from outside as the log shows it: at most `shownBytesMax` bytes of it, and then how long it is; always UTF-8. */
export function visible(text: ByteString): ByteString {
  return escaped(shortened(text));
}

/**
 * Texts as the log shows them, joined. Most are short and printable ASCII: then this is one join and one test for all of them.
 *
 * @param separator printable ASCII and line ends
 */
export function visibleJoined(texts: readonly ByteString[], separator: string): ByteString {
  const joined = (texts.every(isShort) ? texts : texts.map(shortened)).join(separator);
  return printableAsciiOrLf.test(joined) ? joined : texts.map(visible).join(separator);
}

function isShort(text: ByteString): boolean {
  return text.length <= shownBytesMax;
}

function shortened(text: ByteString): ByteString {
  if (isShort(text)) return text;
  let end = shownBytesMax;
  // Not within a character of UTF-8, which has three continuation bytes at most.
  while (end > shownBytesMax - 3 && isContinuation(text.charCodeAt(end))) end -= 1;
  return `${text.slice(0, end)}... (${String(text.length).replace(/\B(?=(?:\d{3})+$)/g, ',')} bytes)`;
}

function isContinuation(byte: number): boolean {
  return byte >= 0x80 && byte <= 0xbf;
}

/**
 * Control characters would let a client write lines of its own into the log, or control the terminal of its reader. Bytes that
 * are not UTF-8 are escaped too: some of them are controls to a terminal with another character set.
 */
function escaped(text: ByteString): ByteString {
  if (printableAscii.test(text)) return text;
  const utf8 = text.replace(utf8OrByte, (byte, run?: ByteString) => run ?? escapedBytes(byte));
  return bytesOf(replaceTerminalActive(textOf(utf8), (character) => escapedBytes(bytesOf(character))));
}

function escapedBytes(bytes: ByteString): ByteString {
  return Array.from(bytes, (byte) => escapes[byte.charCodeAt(0)]).join('');
}
