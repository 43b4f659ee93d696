import { flatCopy, type ByteString } from '../../protocol/text/bytes.js';
import type { SimulationEvent } from '../environment.js';
import { BoundedLog } from './bounded-log.js';
import { commandKind, MessageClassifier } from './message-classifier.js';
import { messageKinds, type OmittedCounts, type TimelineData } from './timeline-data.js';

/**
 * Maximum number of messages in a page: a browser draws them without a noticeable delay, and the file stays below about 50 MB.
 */
const maxMessages = 300_000;

/** Maximum length of a message's text in a page. Longer texts are digests or upstream JSON, recognizable by their beginning. */
const maxTextLength = 600;

/** Maximum total length of distinct texts in a page. */
const maxTextsLength = 24_000_000;

/** A delivered segment. */
interface Message {
  readonly sentMs: number;
  readonly atMs: number;
  readonly route: number;
  readonly kind: number;
  readonly bytes: number;
  readonly text: ByteString;
}

/** The part of a page's data that describes messages. */
type MessageData = Pick<TimelineData, 'endpoints' | 'routes' | 'kinds' | 'messages' | 'texts'> & {
  readonly omitted: Omit<OmittedCounts, 'marks'>;
};

/** Collects the messages of a run, up to the limits of a page. */
export class MessageLog {
  private readonly messages: BoundedLog<Message>;
  private readonly endpoints = new Map<string, number>();
  private readonly routes = new Map<string, number>();
  private readonly kinds = new MessageClassifier();

  constructor(
    private readonly servers: readonly string[],
    max = maxMessages,
  ) {
    this.messages = new BoundedLog(max);
    for (const server of servers) this.endpointIndex(server);
  }

  /** Adds a delivered segment. */
  add(atMs: number, { from, to, sentMs, text }: Extract<SimulationEvent, { kind: 'delivered' }>): void {
    const key = `${from} ${to}`;
    const fromLane = this.endpointIndex(from) < this.servers.length;
    const toLane = this.endpointIndex(to) < this.servers.length;
    const kind = !fromLane ? commandKind(text) : !toLane ? 'response' : this.kinds.classify(key, text);
    let route = this.routes.get(key);
    if (route === undefined) this.routes.set(key, (route = this.routes.size));
    this.messages.add({
      sentMs,
      atMs,
      route,
      kind: messageKinds.indexOf(kind),
      bytes: text.length,
      text: flatCopy(text.slice(0, maxTextLength)),
    });
  }

  /** Keeps the messages up to now and some of those that follow. */
  freeze(): void {
    this.messages.freeze();
  }

  data(endMs: number): MessageData {
    const delivered = this.messages.all();
    const keptFromMs = this.messages.omittedBefore === 0 ? 0 : (delivered[0]?.atMs ?? 0);
    const keptToMs = this.messages.omittedAfter === 0 ? endMs : (delivered.at(-1)?.atMs ?? endMs);
    const sent = delivered.sort((a, b) => a.sentMs - b.sentMs || a.atMs - b.atMs);
    const { places, texts, omitted } = internTexts(sent.map(({ text }) => text));
    return {
      endpoints: [...this.endpoints.keys()],
      routes: [...this.routes.keys()].map((key) => {
        const [from = '', to = ''] = key.split(' ');
        return [this.endpointIndex(from), this.endpointIndex(to)] as const;
      }),
      kinds: messageKinds,
      messages: {
        sentAfterUs: sent.map(
          ({ sentMs }, index) => toMicroseconds(sentMs) - toMicroseconds(sent[index - 1]?.sentMs ?? 0),
        ),
        transitUs: sent.map(({ sentMs, atMs }) => toMicroseconds(atMs) - toMicroseconds(sentMs)),
        route: sent.map(({ route }) => route),
        kind: sent.map(({ kind }) => kind),
        bytes: sent.map(({ bytes }) => bytes),
        text: places,
      },
      texts,
      omitted: {
        messagesBefore: this.messages.omittedBefore,
        keptFromMs,
        messagesAfter: this.messages.omittedAfter,
        keptToMs,
        texts: omitted,
      },
    };
  }

  private endpointIndex(name: string): number {
    const known = this.endpoints.get(name);
    if (known !== undefined) return known;
    this.endpoints.set(name, this.endpoints.size);
    return this.endpoints.size - 1;
  }
}

/** Returns the distinct texts, and for each message the index of its text; -1 once the limit is reached. */
function internTexts(texts: readonly ByteString[]): { places: number[]; texts: ByteString[]; omitted: number } {
  const table = new Map<ByteString, number>();
  let characters = 0;
  let omitted = 0;
  const places = texts.map((text) => {
    const known = table.get(text);
    if (known !== undefined) return known;
    if (characters + text.length > maxTextsLength) {
      omitted += 1;
      return -1;
    }
    characters += text.length;
    table.set(text, table.size);
    return table.size - 1;
  });
  return { places, texts: [...table.keys()], omitted: omitted };
}

function toMicroseconds(ms: number): number {
  return Math.round(ms * 1_000);
}
