import type { ByteString } from '../../protocol/text/bytes.js';
import {
  formatInvalid,
  parseCommand,
  type CommandBounds,
  type Iamat,
  type Whatsat,
} from '../../protocol/client/command.js';
import type { ServerId } from '../../protocol/place/ids.js';
import { OverlongLine, type Frame } from '../../protocol/text/line-framer.js';
import { locate, type Location } from '../../protocol/place/location.js';
import { parsePosition } from '../../protocol/place/position.js';
import { formatSkew, isAhead, type Instant } from '../../protocol/place/time.js';
import { validRadiusKmMax, type Upstream } from '../../protocol/upstream/upstream.js';
import { AnswerQueue, type PendingAnswer, type WriteAnswer } from './response-queue.js';
import type { Address, Bus } from '../bus/bus.js';
import type { Limits } from '../ports/limits.js';
import { addresses, type ConnectionMessage, type CountedQuestion } from '../bus/messages.js';
import type { SharedLimits } from '../server/shared-limits.js';
import { Watching } from './connection-subscriptions.js';

/** What every conversation of a server goes by. */
export interface ConversationSettings {
  readonly server: ServerId;
  readonly limits: Limits;
  /** What WHATSAT asks: its limits and its form of an error. */
  readonly upstream: Upstream;
  readonly shared: SharedLimits;
}

/** Cost of a command to the scheduler: a WHATSAT makes the store, the seeker or the upstream work, and this conversation again. */
const whatsatCost = 8;

/** Connections that watch all clients, by which a report costs 1 more: so many lines cost about as much as one report. */
const watchersPerCost = 16;

/** Bytes of an answer for each result that is asked for, before there has been an answer. */
const resultBytesAtFirst = 1_024;

/** A request line of HTTP/1.x: a method (RFC 9110, section 9.1), a target and the version (RFC 9112, section 3). */
const requestLine = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+ .*HTTP\/1\.\d[\t-\r ]*$/;

/** The start of a request line that is too long to be seen whole. */
const longRequestLine = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+ (?:\/|https?:)/;

/** Where a conversation's client is, and what it hears. */
export interface ConversationEdges {
  /** Where answers to this conversation's questions are sent; they are passed to `located` and the others. */
  readonly self: Address<ConnectionMessage>;
  /** What the client is counted by, as from `remoteAddressOf`. */
  readonly address: string;
  readonly write: WriteAnswer;
}

/** A WHATSAT on its way through the store and the upstream. */
interface PendingWhatsat {
  readonly line: ByteString;
  readonly command: Whatsat;
  readonly answer: PendingAnswer;
  /** Who was asked last where the client is. */
  asked: 'store' | 'herd';
  /** The AT line of the client it asks for; empty until the store has said it. */
  at: ByteString;
}

/** The commands of one client and their answers, in order: one a line. It knows no rule about locations. */
export class Conversation {
  private readonly answers: AnswerQueue;
  private readonly bounds: CommandBounds;
  /** Locations that clients reported, and that the store has yet to be told: those of a chunk go there together. */
  private reports: Location[] = [];
  private readonly pending = new Map<number, PendingWhatsat>();
  private questions = 0;
  private watched: Watching | undefined;
  /** The question of a WHATSAT that waits until fewer are under way on the server. */
  private parked: number | undefined;
  /** Results asked for by the questions in `pending`, and one for the rest of each answer. */
  private pendingResults = 0;
  /** Bytes of an answer for each result asked for, of the largest answers lately. */
  private resultBytes = resultBytesAtFirst;

  constructor(
    private readonly bus: Bus,
    private readonly settings: ConversationSettings,
    private readonly edges: ConversationEdges,
  ) {
    this.answers = new AnswerQueue(edges.write);
    const { upstream, limits } = settings;
    this.bounds = {
      countMax: upstream.countMax,
      radiusKmMax: validRadiusKmMax(upstream),
      clientIdBytesMax: limits.clientIdBytesMax,
    };
  }

  /** How many answers wait for their turn or for others. */
  get waiting(): number {
    return this.answers.length;
  }

  /** Bytes of the answers that are known and wait for others, and about as many as those that are being found out will have. */
  get expectedBytes(): number {
    return this.answers.bytes + this.pendingResults * this.resultBytes;
  }

  /** Bytes that are kept for the client: of answers that wait for others, of changes, and of what it watches. */
  get keptBytes(): number {
    return this.answers.bytes + (this.watched?.keptBytes ?? 0);
  }

  /** Whether the last command waits until fewer are under way on the server. */
  get isParked(): boolean {
    return this.parked !== undefined;
  }

  /** What the client watches; undefined as long as it has never asked to. */
  get watching(): Watching | undefined {
    return this.watched;
  }

  /** The client is told of changes no more, whatever it asks. */
  closeWatching(): void {
    this.watches().close();
  }

  /**
   * Takes one line of the client.
   * @returns what it costs (see `CommandScheduler`), or `http` for a line that begins an HTTP request
   */
  handle(frame: Frame, receivedAt: Instant): number | 'http' {
    if (frame instanceof OverlongLine) return this.refuse(frame.start, longRequestLine);
    const command = parseCommand(frame, this.bounds);
    switch (command.kind) {
      case 'IAMAT':
        if (isAhead(command.instant, receivedAt, this.settings.limits.aheadMs)) this.answers.add(formatInvalid(frame));
        else this.report(command, receivedAt);
        return 1 + Math.floor(this.settings.shared.watchersOfAll / watchersPerCost);
      case 'WHATSAT':
        this.ask(command, frame);
        return whatsatCost;
      case 'WATCH':
        // What was reported before it is no change, and what is reported behind it is one.
        this.flush();
        this.watches().watch(command.client, frame, (this.questions += 1));
        return 1;
      case 'UNWATCH':
        this.watches().unwatch(command.client);
        return 1;
      case 'invalid':
        return this.refuse(frame, requestLine);
    }
  }

  /** Tells the store what was reported. To be called after the last line of those that came together. */
  flush(): void {
    if (this.reports.length === 0) return;
    this.bus.send(addresses.store, { kind: 'report', locations: this.reports });
    this.reports = [];
  }

  /** Where the client is that a WHATSAT asks for: what the store knows, and if it knows nothing, what the herd does. */
  located(question: number, location: Location | undefined): void {
    const whatsat = this.pending.get(question);
    if (whatsat === undefined) return;
    if (location === undefined && whatsat.asked === 'store') {
      whatsat.asked = 'herd';
      const { client } = whatsat.command;
      return this.bus.send(addresses.seeker, { kind: 'seek', client, ...this.asker(question) });
    }
    const position = location && parsePosition(location.position);
    if (location === undefined || position === undefined) return this.fill(question, formatInvalid(whatsat.line));
    whatsat.at = location.line;
    const { radiusKm, count } = whatsat.command;
    const about = { ...position, radiusKm, count };
    this.bus.send(addresses.upstream, { kind: 'nearby', about, ...this.asker(question) });
  }

  /** The upstream's answer. The AT line and the JSON go out together: simple clients read once. */
  found(question: number, json: ByteString): void {
    const whatsat = this.pending.get(question);
    if (whatsat === undefined) return;
    const bytes = whatsat.at.length + json.length;
    this.resultBytes = Math.max(bytes / resultsOf(whatsat.command), this.resultBytes / 2);
    this.fill(question, whatsat.at, json);
  }

  /** The client is gone: gives back what it has taken of the limits that all share. */
  stop(): void {
    const { querySlots } = this.settings.shared;
    querySlots.leave(this.begin);
    const underWay = this.pending.size - (this.isParked ? 1 : 0);
    this.pending.clear();
    this.parked = undefined;
    for (let slot = 0; slot < underWay; slot += 1) querySlots.release();
    this.watched?.stop();
  }

  /** Whoever was asked broke down over the question. */
  failed(question: number): void {
    const whatsat = this.pending.get(question);
    if (whatsat === undefined) return this.watched?.refused(question);
    if (whatsat.at === '') return this.fill(question, formatInvalid(whatsat.line));
    this.fill(question, whatsat.at, this.settings.upstream.failure('internal error'));
  }

  private report(iamat: Iamat, receivedAt: Instant): void {
    const location = locate(iamat, this.settings.server, formatSkew(receivedAt, iamat.instant));
    this.reports.push(location);
    this.answers.add(location.line);
  }

  private ask(command: Whatsat, line: ByteString): void {
    // It must find what was reported before it.
    this.flush();
    const question = (this.questions += 1);
    this.pending.set(question, { line, command, answer: this.answers.reserve(), asked: 'store', at: '' });
    this.pendingResults += resultsOf(command);
    this.parked = question;
    if (this.settings.shared.querySlots.take(this.begin)) this.begin();
  }

  /** Begins with the WHATSAT that was taken last, now that there is a slot for it. */
  private readonly begin = (): void => {
    const { parked: question } = this;
    const whatsat = question === undefined ? undefined : this.pending.get(question);
    this.parked = undefined;
    if (question === undefined || whatsat === undefined) return;
    const { client } = whatsat.command;
    this.bus.send(addresses.store, { kind: 'whereis', client, replyTo: this.edges.self, question });
  };

  /** Answers a line that is no command. */
  private refuse(line: ByteString, http: RegExp): 1 | 'http' {
    this.answers.add(formatInvalid(line));
    return http.test(line) ? 'http' : 1;
  }

  private asker(question: number): CountedQuestion {
    return { replyTo: this.edges.self, address: this.edges.address, question };
  }

  private watches(): Watching {
    this.watched ??= new Watching(this.bus, this.edges, this.answers, this.settings.shared.watchersPerAddress);
    return this.watched;
  }

  private fill(question: number, line: ByteString, secondLine?: ByteString): void {
    const whatsat = this.pending.get(question);
    if (whatsat === undefined) return;
    this.pending.delete(question);
    this.pendingResults -= resultsOf(whatsat.command);
    this.settings.shared.querySlots.release();
    this.answers.fill(whatsat.answer, line, secondLine);
  }
}

/** Results that an answer may have, and one for the AT line and what surrounds them. */
function resultsOf({ count }: Whatsat): number {
  return count + 1;
}
