import { flatCopy, type ByteString } from '../../protocol/text/bytes.js';
import type { WorldEvent } from '../environment.js';
import { Latest } from './bounded-log.js';
import { kindOfCommand, MessageKinds } from './message-kind.js';
import { messageKinds, type LeftOut, type TimelineData } from './timeline-data.js';

/** Messages that a page holds: a browser draws as many without a pause that is felt, and the file stays below some 50 MB. */
const messagesMax = 300_000;

/** Characters of a message that a page holds: what is longer is a digest or an upstream's JSON, and its beginning tells which. */
const textMax = 600;

/** Characters of different texts that a page holds in all. */
const textsMax = 24_000_000;

/** A segment that arrived. */
interface Message {
  readonly sentMs: number;
  readonly atMs: number;
  readonly way: number;
  readonly kind: number;
  readonly bytes: number;
  readonly text: ByteString;
}

/** What a page holds of the messages of a run. */
type MessageData = Pick<TimelineData, 'parties' | 'ways' | 'kinds' | 'messages' | 'texts'> & {
  readonly leftOut: Omit<LeftOut, 'marks'>;
};

/** Gathers the messages of a run, as many as a page may hold. */
export class MessageLog {
  private readonly messages: Latest<Message>;
  private readonly parties = new Map<string, number>();
  private readonly ways = new Map<string, number>();
  private readonly kinds = new MessageKinds();

  constructor(
    private readonly servers: readonly string[],
    max = messagesMax,
  ) {
    this.messages = new Latest(max);
    for (const server of servers) this.partyOf(server);
  }

  /** Something arrived. */
  note(atMs: number, { from, to, sentMs, text }: Extract<WorldEvent, { kind: 'carried' }>): void {
    const key = `${from} ${to}`;
    const fromLane = this.partyOf(from) < this.servers.length;
    const toLane = this.partyOf(to) < this.servers.length;
    const kind = !fromLane ? kindOfCommand(text) : !toLane ? 'answer' : this.kinds.next(key, text);
    let way = this.ways.get(key);
    if (way === undefined) this.ways.set(key, (way = this.ways.size));
    this.messages.add({
      sentMs,
      atMs,
      way,
      kind: messageKinds.indexOf(kind),
      bytes: text.length,
      text: flatCopy(text.slice(0, textMax)),
    });
  }

  /** The messages up to now, and some of those to come, are the ones to keep. */
  stay(): void {
    this.messages.stay();
  }

  data(endMs: number): MessageData {
    const arrived = this.messages.all();
    const keptFromMs = this.messages.leftOutBefore === 0 ? 0 : (arrived[0]?.atMs ?? 0);
    const keptToMs = this.messages.leftOutAfter === 0 ? endMs : (arrived.at(-1)?.atMs ?? endMs);
    const sent = arrived.sort((a, b) => a.sentMs - b.sentMs || a.atMs - b.atMs);
    const { places, texts, leftOut } = tableOf(sent.map(({ text }) => text));
    return {
      parties: [...this.parties.keys()],
      ways: [...this.ways.keys()].map((key) => {
        const [from = '', to = ''] = key.split(' ');
        return [this.partyOf(from), this.partyOf(to)] as const;
      }),
      kinds: messageKinds,
      messages: {
        sentAfterUs: sent.map(({ sentMs }, index) => microseconds(sentMs) - microseconds(sent[index - 1]?.sentMs ?? 0)),
        tookUs: sent.map(({ sentMs, atMs }) => microseconds(atMs) - microseconds(sentMs)),
        way: sent.map(({ way }) => way),
        kind: sent.map(({ kind }) => kind),
        bytes: sent.map(({ bytes }) => bytes),
        text: places,
      },
      texts,
      leftOut: {
        messagesBefore: this.messages.leftOutBefore,
        keptFromMs,
        messagesAfter: this.messages.leftOutAfter,
        keptToMs,
        texts: leftOut,
      },
    };
  }

  private partyOf(name: string): number {
    const known = this.parties.get(name);
    if (known !== undefined) return known;
    this.parties.set(name, this.parties.size);
    return this.parties.size - 1;
  }
}

/** Each text once, and for each message the place of its text; -1 from where there is no more room. */
function tableOf(all: readonly ByteString[]): { places: number[]; texts: ByteString[]; leftOut: number } {
  const table = new Map<ByteString, number>();
  let characters = 0;
  let leftOut = 0;
  const places = all.map((text) => {
    const known = table.get(text);
    if (known !== undefined) return known;
    if (characters + text.length > textsMax) {
      leftOut += 1;
      return -1;
    }
    characters += text.length;
    table.set(text, table.size);
    return table.size - 1;
  });
  return { places, texts: [...table.keys()], leftOut };
}

function microseconds(ms: number): number {
  return Math.round(ms * 1_000);
}
