import type { ByteString } from '../text/bytes.js';
import type { PeerLine } from './peer-line.js';

/** Characters of a line of hashes that the log shows: nobody reads more. */
const maxLoggedCharacters = 24;

/**
 * A neighbour's line as it is told to the log. A proof would let the log's reader guess at the secret, and is left out; of
 * thousands of characters of hashes a few are shown.
 */
export function redactPeerLine(parsed: PeerLine, line: ByteString): ByteString {
  switch (parsed.kind) {
    case 'PROOF':
      return 'PROOF ...';
    case 'DIGEST':
    case 'BUCKETS':
      return `${line.slice(0, maxLoggedCharacters)}...`;
    default:
      return line;
  }
}
