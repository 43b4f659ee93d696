import type { ByteString } from '../../src/protocol/text/byte-string.js';
import { Lines } from '../../src/protocol/text/lines.js';
import { LocationBatch } from '../../src/protocol/place/location-batch.js';
import type { Location } from '../../src/protocol/place/location.js';

/** A message or event with the locations of its batch, and the texts of its lines, which the sender's buffers hold only for now. */
export type Copied<Message> = Message extends { readonly batch: LocationBatch }
  ? Omit<Message, 'batch'> & { readonly locations: readonly Location[] }
  : Message extends { readonly lines: Lines }
    ? Omit<Message, 'lines'> & { readonly lines: readonly ByteString[] }
    : Message;

/** Copies what a message or event refers to in buffers that its sender uses again. */
export function copyMessage<Message>(message: Message): Copied<Message> {
  // The compiler does not resolve a conditional type whose parameter is still open.
  return copyBuffers(message) as Copied<Message>;
}

function copyBuffers(message: unknown): unknown {
  if (typeof message !== 'object' || message === null) return message;
  if ('batch' in message && message.batch instanceof LocationBatch) {
    const { batch, ...rest } = message;
    return { ...rest, locations: [...batch] };
  }
  if ('lines' in message && message.lines instanceof Lines) return { ...message, lines: [...message.lines] };
  return message;
}
