/**
 * Text of which each character is one byte (latin1: U+0000 to U+00FF). Everything that travels on a wire of the herd is
 * handled in this form, so that any bytes at all, valid UTF-8 or not, come back as they were.
 */
export type ByteString = string;

/** The bytes that separate fields: space, tab, CR, LF, form feed, vertical tab; nothing else. */
const whiteSpace = /[ \t\r\n\f\v]+/;

/** Splits a line into its fields. Leading and trailing white space yields no field. */
export function fieldsOf(line: ByteString): ByteString[] {
  const fields = line.split(whiteSpace);
  if (fields[0] === '') fields.shift();
  if (fields.at(-1) === '') fields.pop();
  return fields;
}

/** A copy that shares no memory with the text it was cut from: a slice of a large chunk would keep the whole chunk alive. */
export function flatCopy(text: ByteString): ByteString {
  return Buffer.from(text, 'latin1').toString('latin1');
}

/** The bytes of a text as it is typed or read by people (UTF-8). */
export function bytesOf(text: string): ByteString {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** The text that bytes in UTF-8 stand for; what is not UTF-8 becomes U+FFFD. */
export function textOf(bytes: ByteString): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
