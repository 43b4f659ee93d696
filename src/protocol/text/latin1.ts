import type { ByteString } from './byte-string.js';

// Separate from bytes.ts, which is part of the package's types and must not depend on those of Node.

/**
 * Encodes a text. The result is valid until the next call, as texts of usual length share one buffer. Reading a string character by
 * character is several times as slow in V8.
 */
export function encodeToScratch(text: ByteString): Buffer {
  if (text.length > scratch.length) return Buffer.from(text, 'latin1');
  scratch.write(text, 'latin1');
  return scratch;
}

/** Decodes a range of bytes into a new string. */
export function decodeLatin1(bytes: Buffer, start: number, end: number): ByteString {
  return bytes.toString('latin1', start, end);
}

/** Decodes bytes, each to one character. */
export function byteStringOf(bytes: Uint8Array): ByteString {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** Shared buffer for short texts: allocating one for each would take longer than the copy. */
const scratch = Buffer.alloc(8_192);
