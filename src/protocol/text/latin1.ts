import type { ByteString } from './byte-string.js';
import { WordBuffer } from './word-buffer.js';

// Separate from bytes.ts, which is part of the package's types and must not depend on those of Node.

/**
 * Encodes a text. The result is valid until the next call, as texts of usual length share one buffer. Reading a string character by
 * character is several times as slow in V8.
 */
export function encodeToScratch(text: ByteString): WordBuffer {
  if (text.length > scratch.size) return WordBuffer.of(text);
  scratch.write(text, 0);
  return scratch;
}

/** Decodes bytes, each to one character. */
export function byteStringOf(bytes: Uint8Array): ByteString {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** Shared buffer for short texts: allocating one for each would take longer than the copy. */
const scratch = new WordBuffer(8_192);
