import type { ByteString } from '../text/bytes.js';
import type { PeerLine } from './peer-line.js';

/** Characters of a line of hashes in the log. */
const maxLoggedCharacters = 24;

/**
 * Returns a peer line for the log. Proofs are omitted, as they would allow readers of the log to guess the secret; lines with thousands
 * of characters of hashes are truncated.
 */
export function redactPeerLine(parsed: PeerLine, line: ByteString): ByteString {
  switch (parsed.kind) {
    case 'PROOF':
      return 'PROOF ...';
    case 'DIGEST':
    case 'LEAVES':
      return `${line.slice(0, maxLoggedCharacters)}...`;
    default:
      return line;
  }
}
