import { createHash } from 'node:crypto';
import type { ClientId } from '../../protocol/place/ids.js';

/**
 * Maximum length of a client ID that is encoded in its key, in bytes. A nats-server limits lines to 4,096 bytes (`max_control_line`),
 * and the line of a write contains the key, the bucket's name and the reply subject.
 */
const idBytesMax = 2_048;

/**
 * Key of a client: its ID in base64url. For a longer ID a hash of it with the prefix `=`, which no other key has.
 */
export function bucketKeyOf(client: ClientId): string {
  const bytes = Buffer.from(client, 'latin1');
  if (bytes.length <= idBytesMax) return bytes.toString('base64url');
  return `=${createHash('sha256').update(bytes).digest('base64url')}`;
}
