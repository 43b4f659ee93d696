import type { Address, Bus } from '../../src/actors/bus/bus.js';
import type { ConnectionMessage } from '../../src/actors/client/messages.js';
import type { Instant } from '../../src/protocol/place/time.js';
import type { ByteString } from '../../src/protocol/text/byte-string.js';
import { WordBuffer } from '../../src/protocol/text/word-buffer.js';

/** Bytes of earlier input in front of a chunk, as in a buffer that is used again. */
const startBytes = 3;

/** Sends a connection a chunk of input, and then overwrites its buffer, which is valid only while the message is handled. */
export function sendInput(bus: Bus, to: Address<ConnectionMessage>, text: ByteString, receivedAt: Instant): void {
  const buffer = WordBuffer.of(`${'\n'.repeat(startBytes)}${text}`);
  bus.send(to, { kind: 'bytes', buffer, start: startBytes, end: buffer.size, receivedAt });
  buffer.bytes.fill('\n');
}
