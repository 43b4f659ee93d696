import type { ByteString } from './byte-string.js';

// Apart from bytes.ts, because that is part of the package's types, which do without those of Node.

/**
 * The bytes of a text, to be read before the next text is asked for: texts of usual length share one buffer. To read a text
 * character by character takes V8 several times as long.
 */
export function encodeToScratch(text: ByteString): Buffer {
  if (text.length > scratch.length) return Buffer.from(text, 'latin1');
  scratch.write(text, 'latin1');
  return scratch;
}

/** Some of the bytes as a text of its own. */
export function decodeLatin1(bytes: Buffer, start: number, end: number): ByteString {
  return bytes.toString('latin1', start, end);
}

/** Bytes as a text, each a character. */
export function byteStringOf(bytes: Uint8Array): ByteString {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** Where short texts are copied by way of: a buffer for each would cost more than the copy. */
const scratch = Buffer.alloc(8_192);
