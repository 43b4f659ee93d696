import type { ByteString } from '../text/bytes.js';
import { UpstreamError } from './errors.js';

/**
 * Valid JSON in valid UTF-8 on one line, without white space outside its strings. Only `toJsonLine` creates one, so that clients never
 * receive unchecked text.
 *
 * JSON is relayed as text: parsing and formatting it would turn the ID 309107149164920832 into ...800.
 */
export type JsonLine = ByteString & { readonly __brand: 'JsonLine' };

const byteOrderMark = '\xEF\xBB\xBF';

/** Start of white space or of a string, outside a string. */
const whiteSpaceOrQuote = /[ \t\r\n"]/g;
const notWhiteSpace = /[^ \t\r\n]/g;
/** Characters that change the nesting, end an element, or begin a string. */
const structure = /["[\]{},]/g;

/**
 * Removes white space between tokens and a leading byte order mark; all other bytes stay.
 * @throws UpstreamError if the bytes are not JSON in UTF-8
 */
export function toJsonLine(json: ByteString): JsonLine {
  const text = json.startsWith(byteOrderMark) ? json.slice(byteOrderMark.length) : json;
  validate(text);

  const pieces: string[] = [];
  let copiedTo = 0;
  for (let at = search(whiteSpaceOrQuote, text, 0); at < text.length; at = search(whiteSpaceOrQuote, text, at)) {
    if (text[at] === '"') {
      at = endOfString(text, at);
    } else {
      pieces.push(text.slice(copiedTo, at));
      at = copiedTo = search(notWhiteSpace, text, at);
    }
  }
  pieces.push(text.slice(copiedTo));
  return pieces.join('') as JsonLine;
}

/**
 * Truncates the array in a property of the top-level object to its first `count` elements. All other bytes stay. JSON without such a
 * property, or without an array in it, is returned unchanged.
 * @param count a whole number, 0 or more
 */
export function truncateArray(json: JsonLine, property: string, count: number): JsonLine {
  const pieces: string[] = [];
  let copiedTo = 0;
  if (!json.startsWith('{')) return json;

  let at = 1;
  while (json[at] === '"') {
    const keyEnd = endOfString(json, at);
    const value = keyEnd + 1;
    // A key may contain escapes and may occur twice: parsers differ in which one they use, so each is truncated.
    if (JSON.parse(json.slice(at, keyEnd)) === property && json[value] === '[') {
      const cut = endOfElements(json, value, count);
      const arrayEnd = endOfValue(json, value);
      pieces.push(json.slice(copiedTo, cut));
      copiedTo = arrayEnd - 1;
      at = arrayEnd + 1;
    } else {
      at = endOfValue(json, value) + 1;
    }
  }
  pieces.push(json.slice(copiedTo));
  return pieces.join('') as JsonLine;
}

/**
 * Appends a property to a top-level object. All other bytes stay. JSON that is not an object is returned unchanged.
 * @param value JSON on one line
 */
export function appendProperty(json: JsonLine, property: string, value: ByteString): JsonLine {
  if (!json.startsWith('{')) return json;
  const comma = json === '{}' ? '' : ',';
  return `${json.slice(0, -1)}${comma}${JSON.stringify(property)}:${value}}` as JsonLine;
}

function validate(text: ByteString): void {
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(text, 'latin1')));
  } catch {
    // The parser's own message quotes the text, which must not be shown to clients.
    throw new UpstreamError('The upstream sent a response that is not valid JSON.');
  }
}

/** Returns the index after the first `count` elements of the array that begins at `open`. */
function endOfElements(json: JsonLine, open: number, count: number): number {
  let at = open + 1;
  for (let keptCount = 0; keptCount < count && json[at] !== ']'; keptCount++) {
    const end = endOfValue(json, at);
    if (json[end] === ']' || keptCount + 1 === count) return end;
    at = end + 1;
  }
  return at;
}

/** Returns the index after the value that begins at `start`: of the comma or bracket behind it, or the text's length. */
function endOfValue(json: JsonLine, start: number): number {
  let depth = 0;
  for (let at = search(structure, json, start); at < json.length; at = search(structure, json, at)) {
    const mark = json[at];
    if (mark === '"') {
      at = endOfString(json, at);
      continue;
    }
    if (mark === '[' || mark === '{') {
      depth++;
    } else if (depth === 0) {
      return at;
    } else if (mark !== ',') {
      depth--;
    }
    at++;
  }
  return json.length;
}

/** Returns the index after the closing quote of the string that begins at `open`. */
function endOfString(json: ByteString, open: number): number {
  for (let quote = json.indexOf('"', open + 1); quote !== -1; quote = json.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (json[quote - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
  }
  return json.length;
}

/** Returns the first index from `from` at which the pattern matches, or the text's length. */
function search(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from;
  return pattern.exec(text)?.index ?? text.length;
}
