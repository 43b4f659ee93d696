import type { ByteString } from '../../protocol/text/bytes.js';
import { messageKinds, type MessageKind } from './timeline-data.js';

/** By its first word; those from OPEN on are what is said between servers and the broker that they spread by. */
const kindByKeyword: Readonly<Record<string, MessageKind>> = {
  AT: 'location',
  SEEK: 'lookup',
  UNKNOWN: 'lookup',
  HELLO: 'handshake',
  PROOF: 'handshake',
  REFUSED: 'handshake',
  DIGEST: 'comparison',
  BUCKETS: 'comparison',
  COMPARED: 'comparison',
  'CAUGHT-UP': 'comparison',
  BEAT: 'heartbeat',
  OPEN: 'handshake',
  OPENED: 'handshake',
  LOADED: 'comparison',
  PUT: 'location',
  VALUE: 'location',
  GET: 'lookup',
  READ: 'lookup',
  PING: 'heartbeat',
  PONG: 'heartbeat',
};

/** Characters of a line that tell its kind: its first word, and that it ends. */
const maxKeywordLength = 16;

/** The kinds of segments between servers: a line may begin in one and end in a later one. */
export class MessageClassifier {
  /** Of each way on which a line is unfinished, how that line begins. */
  private readonly unfinished = new Map<string, ByteString>();

  /** What the next segment on a way between two servers is about. */
  classify(route: string, text: ByteString): MessageKind {
    // A connection begins anew: what was unfinished on the last one will never end.
    const before = text.startsWith('HELLO ') ? '' : (this.unfinished.get(route) ?? '');
    const lines = `${before}${text}`.split('\n');
    const rest = lines.pop() ?? '';
    this.unfinished.set(route, rest.slice(0, maxKeywordLength));
    if (rest !== '') lines.push(rest);
    const kinds = lines.map(lineKind);
    return messageKinds.find((kind) => kinds.includes(kind)) ?? 'other';
  }
}

/** What a segment from a client to a server is about. */
export function commandKind(text: ByteString): MessageKind {
  return /^\s*IAMAT\s/m.test(text) ? 'report' : 'query';
}

function lineKind(line: ByteString): MessageKind {
  return kindByKeyword[line.trimEnd().split(' ', 1)[0] ?? ''] ?? 'other';
}
