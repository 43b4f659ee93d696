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
import { LocationBatch } from '../../protocol/place/location-batch.js';
import type { IamatScanner } from '../../protocol/client/scan-iamat.js';
import type { BatchPool } from '../bus/batch-pool.js';
import type { LineEncoder } from '../bus/line-encoder.js';
import { splitPosition } from '../../protocol/place/position.js';
import { acceptReport } from '../../protocol/place/report.js';
import type { Instant } from '../../protocol/place/time.js';
import { maxValidRadiusKm, type Upstream } from '../../protocol/upstream/upstream.js';
import { ResponseQueue, type PendingResponse, type WriteResponse } from './response-queue.js';
import type { Address, Bus } from '../bus/bus.js';
import type { Limits } from '../ports/limits.js';
import { addresses } from '../addresses.js';
import type { ConnectionMessage } from './messages.js';
import type { RateLimitedRequest } from '../bus/requests.js';
import type { ReportCollector } from './report-collector.js';
import type { SharedLimits } from './shared-limits.js';
import { ConnectionSubscriptions } from './connection-subscriptions.js';

/** Settings of all command sessions of a server. */
export interface CommandSessionSettings {
  readonly server: ServerId;
  readonly limits: Limits;
  /** The upstream of WHATSAT: defines its limits and the format of errors. */
  readonly upstream: Upstream;
  readonly shared: SharedLimits;
  readonly scanner: IamatScanner;
  /** Batches for the reports of a chunk. */
  readonly batches: BatchPool;
  /** Encodes all other responses. */
  readonly encoder: LineEncoder;
  /** The reports of all connections. */
  readonly reports: ReportCollector;
}

/** Scheduler cost of a WHATSAT: the store, the lookup or the upstream work on it, and this session once more. */
const whatsatCost = 8;

/** Subscribers to all clients for which a report costs 1 more: sending them a line takes about as long as handling a report. */
const subscribersPerCost = 16;

/** Expected bytes of a response per requested result, before the first response. */
const initialBytesPerResult = 1_024;

/** A request line of HTTP/1.x: a method (RFC 9110, section 9.1), a target and the version (RFC 9112, section 3). */
const httpRequestLine = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+ .*HTTP\/1\.\d[\t-\r ]*$/;

/** The start of a request line that exceeds the line limit. */
const httpRequestLineStart = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+ (?:\/|https?:)/;

/** The client of a command session. */
export interface CommandSessionClient {
  /** The address to which responses to the session's requests are sent; its actor passes them to the `handle` methods. */
  readonly self: Address<ConnectionMessage>;
  /** The client's remote host, as from `remoteHostOf`. */
  readonly remoteHost: string;
  readonly writeResponse: WriteResponse;
}

/** A WHATSAT without a response. */
interface PendingWhatsat {
  readonly line: ByteString;
  readonly command: Whatsat;
  readonly response: PendingResponse;
  /** The AT line of the client; empty until it is located. */
  atLine: ByteString;
}

/** Handles the commands of one client and writes their responses in the order of the commands. */
export class CommandSession {
  private readonly responses: ResponseQueue;
  private readonly commandBounds: CommandBounds;
  private readonly pending = new Map<number, PendingWhatsat>();
  private lastRequestId = 0;
  private existingSubscriptions: ConnectionSubscriptions | undefined;
  /** The request ID of a WHATSAT that waits for a query slot of the server. */
  private waitingRequestId: number | undefined;
  /** Results requested by the queries in `pending`, plus one for the rest of each response. */
  private pendingResults = 0;
  /** Expected bytes of a response per requested result, from the largest of the last responses. */
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

  /** The number of responses that are not written yet. */
  get pendingResponseCount(): number {
    return this.responses.length;
  }

  /** Bytes of the complete responses that wait for earlier ones, plus the expected bytes of the incomplete ones. */
  get expectedResponseBytes(): number {
    return this.responses.bytes + this.pendingResults * this.bytesPerResult;
  }

  /** Bytes of memory held for the client: queued responses, queued changes and subscriptions. */
  get bufferedBytes(): number {
    return this.responses.bytes + (this.existingSubscriptions?.bufferedBytes ?? 0);
  }

  /** Whether the last command waits for a query slot of the server. */
  get isWaitingForSlot(): boolean {
    return this.waitingRequestId !== undefined;
  }

  /** The client's subscriptions; undefined before its first WATCH or UNWATCH. */
  get subscriptions(): ConnectionSubscriptions | undefined {
    return this.existingSubscriptions;
  }

  /** Ends all subscriptions of the client, and those that it requests later. */
  closeSubscriptions(): void {
    this.ensureSubscriptions().close();
  }

  /**
   * Handles one line of the client.
   * @returns its cost (see `CommandScheduler`), or `http` for the first line of an HTTP request
   */
  handle(frame: Frame, receivedAt: Instant): number | 'http' {
    if (frame instanceof OverlongLine) return this.rejectLine(frame.start, httpRequestLineStart);
    const command = parseCommand(frame, this.commandBounds);
    switch (command.kind) {
      case 'IAMAT':
        this.report(command, frame, receivedAt);
        return this.reportCost;
      case 'WHATSAT':
        this.queueQuery(command, frame);
        return whatsatCost;
      case 'WATCH':
        // Reports before it must not arrive as changes, those after it must.
        this.settings.reports.flush();
        this.ensureSubscriptions().subscribe(command.client, frame, (this.lastRequestId += 1));
        return 1;
      case 'UNWATCH':
        this.ensureSubscriptions().unsubscribe(command.client);
        return 1;
      case 'invalid':
        return this.rejectLine(frame, httpRequestLine);
    }
  }

  /** The cost of a report (see `CommandScheduler`). */
  get reportCost(): number {
    return 1 + Math.floor(this.settings.shared.allClientsSubscribers / subscribersPerCost);
  }

  /** Adds reports that were scanned as bytes. The caller writes their responses. */
  addReports(batch: LocationBatch): void {
    this.settings.reports.add(batch);
  }

  /** Handles the location of the client that a WHATSAT names; undefined if no server of the herd knows it. */
  handleLocated(requestId: number, location: Location | undefined): void {
    const whatsat = this.pending.get(requestId);
    if (whatsat === undefined) return;
    if (location === undefined) return this.respond(requestId, formatInvalid(whatsat.line));
    whatsat.atLine = location.line;
    const { latitude, longitude } = splitPosition(location.position);
    const { radiusKm, count } = whatsat.command;
    const { self: replyTo, remoteHost } = this.client;
    const query = { latitude, longitude, radiusKm, count };
    this.bus.send(addresses.upstream, { kind: 'nearby', query, replyTo, remoteHost, requestId });
  }

  /** Handles the upstream's response. The AT line and the JSON are written together, for clients that read only once. */
  handleNearby(requestId: number, json: ByteString): void {
    const whatsat = this.pending.get(requestId);
    if (whatsat === undefined) return;
    const bytes = whatsat.atLine.length + json.length;
    this.bytesPerResult = Math.max(bytes / expectedResults(whatsat.command), this.bytesPerResult / 2);
    this.respond(requestId, whatsat.atLine, json);
  }

  /** Releases the client's share of the limits of all clients. */
  stop(): void {
    const { querySlots } = this.settings.shared;
    querySlots.cancel(this.startQuery);
    const inFlightCount = this.pending.size - (this.isWaitingForSlot ? 1 : 0);
    this.pending.clear();
    this.waitingRequestId = undefined;
    for (let slot = 0; slot < inFlightCount; slot += 1) querySlots.release();
    this.existingSubscriptions?.stop();
  }

  /** Handles the failure of the actor that handled a request. */
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
    this.settings.reports.add(LocationBatch.of([location]));
    this.responses.add(location.line);
  }

  private queueQuery(command: Whatsat, line: ByteString): void {
    // It must see the reports before it.
    this.settings.reports.flush();
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

  /** Starts the last WHATSAT, which has its query slot now. */
  private readonly startQuery = (): void => {
    const { waitingRequestId: requestId } = this;
    const whatsat = requestId === undefined ? undefined : this.pending.get(requestId);
    this.waitingRequestId = undefined;
    if (requestId === undefined || whatsat === undefined) return;
    this.bus.send(addresses.store, { kind: 'whereis', client: whatsat.command.client, ...this.requestFor(requestId) });
  };

  /** Responds to an invalid line. */
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

/** Results that a response may have, plus one for the AT line and the JSON around them. */
function expectedResults({ count }: Whatsat): number {
  return count + 1;
}
