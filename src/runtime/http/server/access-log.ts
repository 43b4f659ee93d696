import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Clock } from '../../../actors/ports/clock.js';
import type { HttpRequestOutcome } from '../../../actors/bus/events.js';
import { bytesOf, type ByteString } from '../../../protocol/text/bytes.js';
import type { Location } from '../../../protocol/place/location.js';
import { formatHostPort } from '../../sockets/listener.js';
import type { MessageBus } from '../../bus/message-bus.js';
import { pathOf, SecretRedactor, redactUrl } from './redact-url.js';
import { webSocketPath } from './web-socket.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The answer goes on until somebody ends it: how long that takes says nothing. */
    readonly response?: 'stream';
  }
}

/** What stands for the route of a request that has none: the routes that are counted are those that there are. */
const noRoute = 'none';

/** A request that is not over. */
interface RequestRecord {
  readonly remoteAddress: string;
  readonly startMs: number;
  readonly method: string;
  readonly url: string;
  /** The pattern of its route. */
  route: string;
  kind: 'answer' | 'stream';
  /** Whether what it asks has been told. */
  phase: 'nothing' | 'asked';
  /** Of a report, whose it is. */
  client: ByteString;
  /** The AT line that was made of a report, or why there is none; empty where the outcome says it all. */
  detail: ByteString;
  /** A report is not taken, and whoever sent it is told that all is well. */
  isIgnored: boolean;
  /** Its connection was destroyed while the answer was on its way. */
  isCutOff: boolean;
  /** The status of the answer to a request that could not be heard out. */
  earlyStatus?: number;
}

/**
 * Tells the log, and who counts, of what is asked over HTTP and of what became of it: once each. Of a report it tells what it
 * says, as an IAMAT; never a body as it came, for apps send their settings and passwords as well.
 */
export class AccessLog {
  private readonly records = new WeakMap<IncomingMessage, RequestRecord>();
  /** What is being answered, by the connection that it came over. */
  private readonly active = new WeakMap<Socket, { readonly entry: RequestRecord; readonly response: ServerResponse }>();

  private readonly redactor: SecretRedactor;

  /**
   * @param maxTextBytes what is longer is cut, in bytes
   * @param tokens what is not written down, wherever it stands
   */
  constructor(
    private readonly bus: MessageBus,
    private readonly clock: Clock,
    private readonly maxTextBytes: number,
    tokens: readonly string[] = [],
  ) {
    this.redactor = new SecretRedactor(tokens);
  }

  /** The same listener, with every request that it gets told of. */
  wrap(listener: RequestListener): RequestListener {
    return (request, response) => {
      const record = this.startRecord(request);
      const { socket } = request;
      this.active.set(socket, { entry: record, response });
      response.once('close', () => {
        // The next request over the connection may have come already.
        if (this.active.get(socket)?.response === response) this.active.delete(socket);
        this.finishRecord(record, response);
      });
      listener(request, response);
    };
  }

  /** Learns of each request at which route it arrives. */
  registerHooks(app: FastifyInstance): void {
    app.addHook('onRequest', ({ raw, routeOptions }, _, done) => {
      const record = this.records.get(raw);
      if (record !== undefined) {
        record.route = routeOptions.url ?? noRoute;
        record.kind = routeOptions.config.response ?? 'answer';
      }
      done();
    });
    app.addHook('preHandler', ({ raw, routeOptions }, _, done) => {
      // What a report says is told when it has been read.
      const record = this.records.get(raw);
      if (record !== undefined && routeOptions.config.policy !== 'report') this.publishRequest(record, '');
      done();
    });
  }

  /**
   * Records that a request is a report.
   * @param text the report as an IAMAT
   */
  recordReport({ raw }: FastifyRequest, client: ByteString, text: ByteString): void {
    const record = this.records.get(raw);
    if (record === undefined) return;
    record.client = client;
    this.publishRequest(record, text);
  }

  /** A report is taken. */
  recordAccepted({ raw }: FastifyRequest, { line }: Location): void {
    const record = this.records.get(raw);
    if (record !== undefined) record.detail = line;
  }

  /** A report is not taken, and its answer does not say so. */
  recordIgnored({ raw }: FastifyRequest, reason: string, client = ''): void {
    const record = this.records.get(raw);
    if (record === undefined) return;
    record.isIgnored = true;
    record.detail = bytesOf(reason);
    if (client !== '') record.client = bytesOf(client);
  }

  /** The connection is destroyed over which an answer is on its way. */
  recordCutOff(socket: Socket, reason: string): void {
    const record = this.active.get(socket)?.entry;
    if (record === undefined) return;
    record.isCutOff = true;
    record.detail = bytesOf(reason);
  }

  /** Why a request is not answered as it would like. */
  recordError({ raw }: FastifyRequest, reason: string): void {
    const record = this.records.get(raw);
    if (record !== undefined) record.detail = bytesOf(reason);
  }

  /** A handshake of WebSocket was refused; one that was not is told of as a client that comes. */
  recordRejectedHandshake(request: IncomingMessage, status: number): void {
    const record = this.startRecord(request);
    record.route = pathOf(record.url) === webSocketPath ? webSocketPath : noRoute;
    this.publishRequest(record, '');
    this.publishResponse(record, outcomeOf(status), status);
  }

  /**
   * What came was no HTTP, or was too slow or too large to be heard out.
   * @returns whether a response has begun; or that it came behind a request that is still to be answered, the last of its connection
   */
  recordAborted(socket: Socket, status: number, reason: string): 'answered' | 'unanswered' | 'pending' {
    const activeRequest = this.active.get(socket);
    if (activeRequest !== undefined) {
      if (activeRequest.response.headersSent) return 'answered';
      if (activeRequest.response.req.complete) {
        activeRequest.response.shouldKeepAlive = false;
        return 'pending';
      }
      // What the rest of a request lacks is the answer to that request.
      activeRequest.entry.earlyStatus = status;
      activeRequest.entry.detail = bytesOf(reason);
      return 'unanswered';
    }
    const remoteAddress = formatHostPort(socket.remoteAddress, socket.remotePort);
    const [text, detail, outcome] = ['something', bytesOf(reason), outcomeOf(status)];
    this.bus.publish({ kind: 'http-request', remoteAddress, text });
    this.bus.publish({
      kind: 'http-response',
      remoteAddress,
      text,
      route: noRoute,
      status,
      outcome,
      detail,
      tookMs: undefined,
    });
    return 'unanswered';
  }

  private startRecord(request: IncomingMessage): RequestRecord {
    const { remoteAddress, remotePort } = request.socket;
    const record: RequestRecord = {
      remoteAddress: formatHostPort(remoteAddress, remotePort),
      startMs: this.clock.monotonicMs(),
      method: request.method ?? '',
      // It may be rewritten on its way to its route.
      url: request.url ?? '',
      route: noRoute,
      kind: 'answer',
      phase: 'nothing',
      client: '',
      detail: '',
      isIgnored: false,
      isCutOff: false,
    };
    this.records.set(request, record);
    return record;
  }

  private finishRecord(record: RequestRecord, { statusCode, headersSent, writableFinished }: ServerResponse): void {
    // What was refused before it was read.
    this.publishRequest(record, '');
    const status = headersSent ? statusCode : record.earlyStatus;
    // A stream ends when its reader goes.
    const isIncomplete = headersSent && !writableFinished && (record.kind === 'answer' || record.isCutOff);
    const outcome = status === undefined || isIncomplete ? 'aborted' : record.isIgnored ? 'ignored' : outcomeOf(status);
    this.publishResponse(record, outcome, status);
  }

  private publishRequest(record: RequestRecord, report: ByteString): void {
    if (record.phase === 'asked') return;
    record.phase = 'asked';
    const { remoteAddress, method, url } = record;
    const text = report === '' ? `${method} ${redactUrl(url)}` : `${method} ${pathOf(url)} ${report}`;
    this.bus.publish({ kind: 'http-request', remoteAddress, text: this.truncate(this.redactor.redact(text)) });
  }

  private publishResponse(record: RequestRecord, outcome: HttpRequestOutcome, status: number | undefined): void {
    const { remoteAddress, method, url, route, kind, client, startMs } = record;
    const isAccepted = client === '' || outcome === 'answered';
    const detail = this.truncate(this.redactor.redact(isAccepted ? record.detail : `${client}: ${record.detail}`));
    const tookMs = kind === 'answer' ? this.clock.monotonicMs() - startMs : undefined;
    const text = this.truncate(this.redactor.redact(`${method} ${pathOf(url)}`));
    this.bus.publish({ kind: 'http-response', remoteAddress, text, route, status, outcome, detail, tookMs });
  }

  private truncate(text: ByteString): ByteString {
    return text.length <= this.maxTextBytes ? text : `${text.slice(0, this.maxTextBytes)}...`;
  }
}

function outcomeOf(status: number): HttpRequestOutcome {
  if (status < 400) return 'answered';
  if (status >= 500) return 'failed';
  return status === 401 || status === 403 ? 'rejected' : 'invalid';
}
