import { WordBuffer } from '../../protocol/text/word-buffer.js';

/** Size of the shared buffer: the largest chunk that Node reads from a socket. */
const sharedBytes = 65_536;

const shared = new WordBuffer(sharedBytes);

/**
 * Copies a chunk of input to a buffer that is read by words, shared by all sockets of the process: a chunk is handled completely before
 * the next one is copied. Returns the buffer, with the chunk at its start.
 */
export function toReadBuffer(chunk: Uint8Array): WordBuffer {
  const buffer = chunk.length <= sharedBytes ? shared : new WordBuffer(chunk.length);
  buffer.bytes.set(chunk, 0);
  return buffer;
}
