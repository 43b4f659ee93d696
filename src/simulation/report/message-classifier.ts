import type { ByteString } from '../../protocol/text/bytes.js';
import { messageKinds, type MessageKind } from './timeline-data.js';

/** By first word; those from CONNECT on are exchanged with broker nodes. */
const kindByKeyword: Readonly<Record<string, MessageKind>> = {
  AT: 'location',
  SEEK: 'lookup',
  UNKNOWN: 'lookup',
  HELLO: 'handshake',
  PROOF: 'handshake',
  REFUSED: 'handshake',
  DIGEST: 'comparison',
  LEAVES: 'comparison',
  COMPARED: 'comparison',
  'CAUGHT-UP': 'comparison',
  BEAT: 'heartbeat',
  CONNECT: 'handshake',
  INFO: 'handshake',
  SUB: 'handshake',
  UNSUB: 'handshake',
  'RS+': 'handshake',
  'RS-': 'handshake',
  HMSG: 'lookup',
  PING: 'heartbeat',
  PONG: 'heartbeat',
};

/** By the part of the subject that follows the herd, of messages over the broker. */
const kindBySubject: Readonly<Record<string, MessageKind>> = {
  locations: 'location',
  lookup: 'lookup',
  presence: 'heartbeat',
  servers: 'comparison',
};

/** Characters that determine the kind of a line: its first word and the delimiter. */
const maxKeywordLength = 16;

/** Determines the kinds of segments between servers: a line may begin in one segment and end in a later one. */
export class MessageClassifier {
  /** Beginning of the unfinished line of each route. */
  private readonly unfinished = new Map<string, ByteString>();

  /** Determines the kind of the next segment on a route between two servers. */
  classify(route: string, text: ByteString): MessageKind {
    // On a new connection the unfinished line of the previous one never ends.
    const before = text.startsWith('HELLO ') ? '' : (this.unfinished.get(route) ?? '');
    const lines = `${before}${text}`.split('\n');
    const rest = lines.pop() ?? '';
    this.unfinished.set(route, rest.slice(0, maxKeywordLength));
    if (rest !== '') lines.push(rest);
    const kinds = lines.map(lineKind);
    return messageKinds.find((kind) => kinds.includes(kind)) ?? 'other';
  }
}

/** Determines the kind of a segment from a client to a server. */
export function commandKind(text: ByteString): MessageKind {
  return /^\s*IAMAT\s/m.test(text) ? 'report' : 'query';
}

function lineKind(line: ByteString): MessageKind {
  const [keyword = '', subject = ''] = line.trimEnd().split(' ', 2);
  if (/^R?MSG$|^PUB$/.test(keyword)) return subjectKind(subject);
  return kindByKeyword[keyword] ?? 'other';
}

/** @param subject `herd.HERD.locations.7` */
function subjectKind(subject: string): MessageKind {
  if (subject.includes('.reply.')) return 'lookup';
  return kindBySubject[subject.split('.')[2] ?? ''] ?? 'other';
}
