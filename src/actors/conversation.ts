import type { ByteString } from '../protocol/bytes.js';
import { formatInvalid, parseCommand, type Iamat, type Whatsat } from '../protocol/command.js';
import type { ServerId } from '../protocol/ids.js';
import { OverlongLine, type Frame } from '../protocol/line-framer.js';
import { locate, type Location } from '../protocol/location.js';
import { parsePosition } from '../protocol/position.js';
import { formatSkew, isAhead, type Instant } from '../protocol/time.js';
import { validRadiusKmMax, type Upstream } from '../protocol/upstream.js';
import { AnswerQueue, type PendingAnswer, type WriteAnswer } from './answer-queue.js';
import type { Address, Bus } from './bus.js';
import type { Limits } from './limits.js';
import { addresses, type ConnectionMessage } from './messages.js';
import { Watching } from './watching.js';

/** What every conversation of a server goes by. */
export interface ConversationSettings {
  readonly server: ServerId;
  readonly limits: Limits;
  /** What WHATSAT asks: its limits and its form of an error. */
  readonly upstream: Upstream;
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
  /** Locations that clients reported, and that the store has yet to be told: those of a chunk go there together. */
  private reports: Location[] = [];
  private readonly pending = new Map<number, PendingWhatsat>();
  private questions = 0;
  private watched: Watching | undefined;

  /**
   * @param self where answers to this conversation's questions are sent; they are passed to `located` and the others
   */
  constructor(
    private readonly bus: Bus,
    private readonly settings: ConversationSettings,
    private readonly self: Address<ConnectionMessage>,
    write: WriteAnswer,
  ) {
    this.answers = new AnswerQueue(write);
  }

  /** How many answers wait for their turn or for others. */
  get waiting(): number {
    return this.answers.length;
  }

  /** What the client watches; undefined as long as it has never asked to. */
  get watching(): Watching | undefined {
    return this.watched;
  }

  /** The client is told of changes no more, whatever it asks. */
  closeWatching(): void {
    this.watches().close();
  }

  /** Takes one line of the client. */
  handle(frame: Frame, receivedAt: Instant): void {
    if (frame instanceof OverlongLine) return this.answers.add(formatInvalid(frame.start));
    const command = parseCommand(frame, this.settings.upstream.countMax);
    switch (command.kind) {
      case 'IAMAT':
        return isAhead(command.instant, receivedAt, this.settings.limits.aheadMs)
          ? this.answers.add(formatInvalid(frame))
          : this.report(command, receivedAt);
      case 'WHATSAT':
        return command.radiusKm > validRadiusKmMax(this.settings.upstream)
          ? this.answers.add(formatInvalid(frame))
          : this.ask(command, frame);
      case 'WATCH':
        // What was reported before it is no change, and what is reported behind it is one.
        this.flush();
        return this.watches().watch(command.client, frame, (this.questions += 1));
      case 'UNWATCH':
        return this.watches().unwatch(command.client);
      case 'invalid':
        return this.answers.add(formatInvalid(frame));
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
      return this.bus.send(addresses.seeker, { kind: 'seek', client, replyTo: this.self, question });
    }
    const position = location && parsePosition(location.position);
    if (location === undefined || position === undefined) return this.fill(question, formatInvalid(whatsat.line));
    whatsat.at = location.line;
    const { radiusKm, count } = whatsat.command;
    const about = { ...position, radiusKm, count };
    this.bus.send(addresses.upstream, { kind: 'nearby', about, replyTo: this.self, question });
  }

  /** The upstream's answer. The AT line and the JSON go out together: simple clients read once. */
  found(question: number, json: ByteString): void {
    const whatsat = this.pending.get(question);
    if (whatsat !== undefined) this.fill(question, whatsat.at, json);
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
    this.bus.send(addresses.store, { kind: 'whereis', client: command.client, replyTo: this.self, question });
  }

  private watches(): Watching {
    this.watched ??= new Watching(this.bus, this.self, this.answers);
    return this.watched;
  }

  private fill(question: number, line: ByteString, secondLine?: ByteString): void {
    const whatsat = this.pending.get(question);
    this.pending.delete(question);
    if (whatsat !== undefined) this.answers.fill(whatsat.answer, line, secondLine);
  }
}
