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
import type { Location } from '../../protocol/place/location.js';
import { parsePosition } from '../../protocol/place/position.js';
import { acceptReport } from '../../protocol/place/report.js';
import type { Instant } from '../../protocol/place/time.js';
import { maxValidRadiusKm, type Upstream } from '../../protocol/upstream/upstream.js';
import { ResponseQueue, type PendingResponse, type WriteResponse } from './response-queue.js';
import type { Address, Bus } from '../bus/bus.js';
import type { Limits } from '../ports/limits.js';
import { addresses } from '../addresses.js';
import type { ConnectionMessage } from './messages.js';
import type { RateLimitedRequest } from '../bus/requests.js';
import type { SharedLimits } from '../server/shared-limits.js';
import { ConnectionSubscriptions } from './connection-subscriptions.js';

/** What every conversation of a server goes by. */
export interface CommandSessionSettings {
  readonly server: ServerId;
  readonly limits: Limits;
  /** What WHATSAT asks: its limits and its form of an error. */
  readonly upstream: Upstream;
  readonly shared: SharedLimits;
}

/** Cost of a command to the scheduler: a WHATSAT makes the store, the seeker or the upstream work, and this conversation again. */
const whatsatCost = 8;

/** Connections that watch all clients, by which a report costs 1 more: so many lines cost about as much as one report. */
const subscribersPerCost = 16;

/** Bytes of an answer for each result that is asked for, before there has been an answer. */
const initialBytesPerResult = 1_024;

/** A request line of HTTP/1.x: a method (RFC 9110, section 9.1), a target and the version (RFC 9112, section 3). */
const httpRequestLine = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+ .*HTTP\/1\.\d[\t-\r ]*$/;

/** The start of a request line that is too long to be seen whole. */
const httpRequestLineStart = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+ (?:\/|https?:)/;

/** Where a conversation's client is, and what it hears. */
export interface CommandSessionClient {
  /** Where answers to this conversation's questions are sent; they are passed to `handleLocated` and the others. */
  readonly self: Address<ConnectionMessage>;
  /** What the client is counted by, as from `remoteHostOf`. */
  readonly remoteHost: string;
  readonly writeResponse: WriteResponse;
}

/** A WHATSAT on its way through the store and the upstream. */
interface PendingWhatsat {
  readonly line: ByteString;
  readonly command: Whatsat;
  readonly response: PendingResponse;
  /** The AT line of the client it asks for; empty until the store has said it. */
  atLine: ByteString;
}

/** The commands of one client and their answers, in order: one a line. It knows no rule about locations. */
export class CommandSession {
  private readonly responses: ResponseQueue;
  private readonly commandBounds: CommandBounds;
  /** Locations that clients reported, and that the store has yet to be told: those of a chunk go there together. */
  private reports: Location[] = [];
  private readonly pending = new Map<number, PendingWhatsat>();
  private lastRequestId = 0;
  private existingSubscriptions: ConnectionSubscriptions | undefined;
  /** The question of a WHATSAT that waits until fewer are under way on the server. */
  private waitingRequestId: number | undefined;
  /** Results asked for by the questions in `pending`, and one for the rest of each answer. */
  private pendingResults = 0;
  /** Bytes of an answer for each result asked for, of the largest answers lately. */
  private bytesPerResult = initialBytesPerResult;

  constructor(
    private readonly bus: Bus,
    private readonly settings: CommandSessionSettings,
    private readonly client: CommandSessionClient,
  ) {
    this.responses = new ResponseQueue(client.writeResponse);
    const { upstream, limits } = settings;
    this.commandBounds = {
      maxCount: upstream.maxCount,
      maxRadiusKm: maxValidRadiusKm(upstream),
      maxClientIdBytes: limits.maxClientIdBytes,
    };
  }

  /** How many answers wait for their turn or for others. */
  get pendingResponseCount(): number {
    return this.responses.length;
  }

  /** Bytes of the answers that are known and wait for others, and about as many as those that are being found out will have. */
  get expectedResponseBytes(): number {
    return this.responses.bytes + this.pendingResults * this.bytesPerResult;
  }

  /** Bytes that are kept for the client: of answers that wait for others, of changes, and of what it watches. */
  get bufferedBytes(): number {
    return this.responses.bytes + (this.existingSubscriptions?.bufferedBytes ?? 0);
  }

  /** Whether the last command waits until fewer are under way on the server. */
  get isWaitingForSlot(): boolean {
    return this.waitingRequestId !== undefined;
  }

  /** What the client watches; undefined as long as it has never asked to. */
  get subscriptions(): ConnectionSubscriptions | undefined {
    return this.existingSubscriptions;
  }

  /** The client is told of changes no more, whatever it asks. */
  closeSubscriptions(): void {
    this.ensureSubscriptions().close();
  }

  /**
   * Takes one line of the client.
   * @returns what it costs (see `CommandScheduler`), or `http` for a line that begins an HTTP request
   */
  handle(frame: Frame, receivedAt: Instant): number | 'http' {
    if (frame instanceof OverlongLine) return this.rejectLine(frame.start, httpRequestLineStart);
    const command = parseCommand(frame, this.commandBounds);
    switch (command.kind) {
      case 'IAMAT':
        this.report(command, frame, receivedAt);
        return 1 + Math.floor(this.settings.shared.allClientsSubscribers / subscribersPerCost);
      case 'WHATSAT':
        this.queueQuery(command, frame);
        return whatsatCost;
      case 'WATCH':
        // What was reported before it is no change, and what is reported behind it is one.
        this.flush();
        this.ensureSubscriptions().subscribe(command.client, frame, (this.lastRequestId += 1));
        return 1;
      case 'UNWATCH':
        this.ensureSubscriptions().unsubscribe(command.client);
        return 1;
      case 'invalid':
        return this.rejectLine(frame, httpRequestLine);
    }
  }

  /** Tells the store what was reported. To be called after the last line of those that came together. */
  flush(): void {
    if (this.reports.length === 0) return;
    this.bus.send(addresses.store, { kind: 'report', locations: this.reports });
    this.reports = [];
  }

  /** Handles the location of the client that a WHATSAT names; undefined if no server of the herd knows it. */
  handleLocated(requestId: number, location: Location | undefined): void {
    const whatsat = this.pending.get(requestId);
    if (whatsat === undefined) return;
    const position = location && parsePosition(location.position);
    if (location === undefined || position === undefined) return this.respond(requestId, formatInvalid(whatsat.line));
    whatsat.atLine = location.line;
    const { radiusKm, count } = whatsat.command;
    const query = { ...position, radiusKm, count };
    this.bus.send(addresses.upstream, { kind: 'nearby', query, ...this.requestFor(requestId) });
  }

  /** The upstream's answer. The AT line and the JSON go out together: simple clients read once. */
  handleNearby(requestId: number, json: ByteString): void {
    const whatsat = this.pending.get(requestId);
    if (whatsat === undefined) return;
    const bytes = whatsat.atLine.length + json.length;
    this.bytesPerResult = Math.max(bytes / expectedResults(whatsat.command), this.bytesPerResult / 2);
    this.respond(requestId, whatsat.atLine, json);
  }

  /** The client is gone: gives back what it has taken of the limits that all share. */
  stop(): void {
    const { querySlots } = this.settings.shared;
    querySlots.cancel(this.startQuery);
    const inFlightCount = this.pending.size - (this.isWaitingForSlot ? 1 : 0);
    this.pending.clear();
    this.waitingRequestId = undefined;
    for (let slot = 0; slot < inFlightCount; slot += 1) querySlots.release();
    this.existingSubscriptions?.stop();
  }

  /** Whoever was asked broke down over the question. */
  handleFailed(requestId: number): void {
    const whatsat = this.pending.get(requestId);
    if (whatsat === undefined) return this.existingSubscriptions?.handleRejected(requestId);
    if (whatsat.atLine === '') return this.respond(requestId, formatInvalid(whatsat.line));
    this.respond(requestId, whatsat.atLine, this.settings.upstream.failure('internal error'));
  }

  private report(iamat: Iamat, line: ByteString, receivedAt: Instant): void {
    const { server, limits } = this.settings;
    const location = acceptReport(iamat, receivedAt, server, limits.maxFutureSkewMs);
    if (location === undefined) return this.responses.add(formatInvalid(line));
    this.reports.push(location);
    this.responses.add(location.line);
  }

  private queueQuery(command: Whatsat, line: ByteString): void {
    // It must find what was reported before it.
    this.flush();
    const requestId = (this.lastRequestId += 1);
    this.pending.set(requestId, {
      line,
      command,
      response: this.responses.reserve(),
      atLine: '',
    });
    this.pendingResults += expectedResults(command);
    this.waitingRequestId = requestId;
    if (this.settings.shared.querySlots.acquire(this.startQuery)) this.startQuery();
  }

  /** Begins with the WHATSAT that was taken last, now that there is a slot for it. */
  private readonly startQuery = (): void => {
    const { waitingRequestId: requestId } = this;
    const whatsat = requestId === undefined ? undefined : this.pending.get(requestId);
    this.waitingRequestId = undefined;
    if (requestId === undefined || whatsat === undefined) return;
    this.bus.send(addresses.store, { kind: 'whereis', client: whatsat.command.client, ...this.requestFor(requestId) });
  };

  /** Answers a line that is no command. */
  private rejectLine(line: ByteString, httpPattern: RegExp): 1 | 'http' {
    this.responses.add(formatInvalid(line));
    return httpPattern.test(line) ? 'http' : 1;
  }

  private requestFor(requestId: number): RateLimitedRequest {
    return { replyTo: this.client.self, remoteHost: this.client.remoteHost, requestId };
  }

  private ensureSubscriptions(): ConnectionSubscriptions {
    this.existingSubscriptions ??= new ConnectionSubscriptions(
      this.bus,
      this.client,
      this.responses,
      this.settings.shared.subscribersPerAddress,
    );
    return this.existingSubscriptions;
  }

  private respond(requestId: number, line: ByteString, secondLine?: ByteString): void {
    const whatsat = this.pending.get(requestId);
    if (whatsat === undefined) return;
    this.pending.delete(requestId);
    this.pendingResults -= expectedResults(whatsat.command);
    this.settings.shared.querySlots.release();
    this.responses.complete(whatsat.response, line, secondLine);
  }
}

/** Results that an answer may have, and one for the AT line and what surrounds them. */
function expectedResults({ count }: Whatsat): number {
  return count + 1;
}
