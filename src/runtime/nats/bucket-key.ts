import { createHash } from 'node:crypto';
import type { ClientId } from '../../protocol/place/ids.js';

/**
 * The longest client ID that stands in its key, in bytes. A nats-server takes lines of 4,096 bytes (`max_control_line`), and
 * the line of a write holds the key, the bucket's name and where to answer to.
 */
const idBytesMax = 2_048;

/**
 * The key of a client: its bytes in base64url. Of one whose key would be too long it is a hash of them, after a `=`, which
 * stands in front of no other.
 */
export function bucketKeyOf(client: ClientId): string {
  const bytes = Buffer.from(client, 'latin1');
  if (bytes.length <= idBytesMax) return bytes.toString('base64url');
  return `=${createHash('sha256').update(bytes).digest('base64url')}`;
}
