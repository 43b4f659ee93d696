import type { ByteString } from '../../protocol/text/bytes.js';
import { messageKinds, type MessageKind } from './timeline-data.js';

/** By its first word; those from OPEN on are what is said between servers and the engine that they spread by. */
const kindOfWord: Readonly<Record<string, MessageKind>> = {
  AT: 'location',
  SEEK: 'question',
  UNKNOWN: 'question',
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
  GET: 'question',
  READ: 'question',
  PING: 'heartbeat',
  PONG: 'heartbeat',
};

/** Characters of a line that tell its kind: its first word, and that it ends. */
const wordMax = 16;

/** The kinds of segments between servers: a line may begin in one and end in a later one. */
export class MessageKinds {
  /** Of each way on which a line is unfinished, how that line begins. */
  private readonly unfinished = new Map<string, ByteString>();

  /** What the next segment on a way between two servers is about. */
  next(way: string, text: ByteString): MessageKind {
    // A connection begins anew: what was unfinished on the last one will never end.
    const before = text.startsWith('HELLO ') ? '' : (this.unfinished.get(way) ?? '');
    const lines = `${before}${text}`.split('\n');
    const rest = lines.pop() ?? '';
    this.unfinished.set(way, rest.slice(0, wordMax));
    if (rest !== '') lines.push(rest);
    const kinds = lines.map(kindOfLine);
    return messageKinds.find((kind) => kinds.includes(kind)) ?? 'other';
  }
}

/** What a segment from a client to a server is about. */
export function kindOfCommand(text: ByteString): MessageKind {
  return /^\s*IAMAT\s/m.test(text) ? 'report' : 'ask';
}

function kindOfLine(line: ByteString): MessageKind {
  return kindOfWord[line.trimEnd().split(' ', 1)[0] ?? ''] ?? 'other';
}
