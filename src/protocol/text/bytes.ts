import type { ByteString } from './byte-string.js';
import { encodeToScratch, decodeLatin1 } from './latin1.js';

export type { ByteString };

const SPACE = 32;
const TAB = 9;
const CR = 13;

/** Splits a line into its fields. Leading and trailing white space yields no field. */
export function fieldsOf(line: ByteString): ByteString[] {
  // Every line of clients and neighbours comes through here, and a regular expression takes three times as long.
  const fields: ByteString[] = [];
  let start = 0;
  for (let index = 0; index < line.length; index += 1) {
    if (!isFieldSeparator(line.charCodeAt(index))) continue;
    if (index > start) fields.push(line.slice(start, index));
    start = index + 1;
  }
  if (line.length > start) fields.push(start === 0 ? line : line.slice(start));
  return fields;
}

/** The bytes that separate fields: space, tab, LF, vertical tab, form feed, CR; nothing else. */
function isFieldSeparator(byte: number): boolean {
  return byte === SPACE || (byte >= TAB && byte <= CR);
}

/** A copy that shares no memory with the text it was cut from: a slice of a large chunk would keep the whole chunk alive. */
export function flatCopy(text: ByteString): ByteString {
  return decodeLatin1(encodeToScratch(text), 0, text.length);
}

/** The bytes of a text as it is typed or read by people (UTF-8). */
export function bytesOf(text: string): ByteString {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** The text that bytes in UTF-8 stand for; what is not UTF-8 becomes U+FFFD. */
export function textOf(bytes: ByteString): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
