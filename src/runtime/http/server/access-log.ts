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
    /** The response is a stream, whose duration is not measured. */
    readonly response?: 'stream';
  }
}

/** Route of requests without one. Paths are not used: the number of counted routes must be bounded. */
const noRoute = 'none';

/** A request in progress. */
interface RequestRecord {
  readonly remoteAddress: string;
  readonly startMs: number;
  readonly method: string;
  readonly url: string;
  /** The pattern of its route. */
  route: string;
  isStream: boolean;
  /** Whether its request event has been published. */
  isPublished: boolean;
  /** The client of a report; empty for other requests. */
  client: ByteString;
  /** The AT line of an accepted report, or the reason of an error; empty if there is nothing to add to the outcome. */
  detail: ByteString;
  /** Whether it is a report that was not accepted, but is answered with success. */
  isIgnored: boolean;
  /** Whether its connection was destroyed during the response. */
  isCutOff: boolean;
  /** Status of the response to a request that was not read to its end. */
  earlyStatus?: number;
}

/**
 * Publishes one request event and one response event per HTTP request, for the log and the metrics. A report appears as an IAMAT.
 * Bodies are never logged: trackers send settings and passwords in them.
 */
export class AccessLog {
  private readonly records = new WeakMap<IncomingMessage, RequestRecord>();
  /** The request that is being answered on each connection. */
  private readonly active = new WeakMap<
    Socket,
    { readonly record: RequestRecord; readonly response: ServerResponse }
  >();
  private readonly redactor: SecretRedactor;

  /**
   * @param maxTextBytes maximum length of a text; longer ones are truncated
   * @param tokens texts to redact
   */
  constructor(
    private readonly bus: MessageBus,
    private readonly clock: Clock,
    private readonly maxTextBytes: number,
    tokens: readonly string[] = [],
  ) {
    this.redactor = new SecretRedactor(tokens);
  }

  /** Wraps a listener so that its requests are recorded. */
  wrap(listener: RequestListener): RequestListener {
    return (request, response) => {
      const record = this.startRecord(request);
      const { socket } = request;
      this.active.set(socket, { record, response });
      response.once('close', () => {
        // The connection may carry the next request already.
        if (this.active.get(socket)?.response === response) this.active.delete(socket);
        this.finishRecord(record, response);
      });
      listener(request, response);
    };
  }

  /** Registers hooks that record the route of each request. */
  registerHooks(app: FastifyInstance): void {
    app.addHook('onRequest', ({ raw, routeOptions }, _, done) => {
      const record = this.records.get(raw);
      if (record !== undefined) {
        record.route = routeOptions.url ?? noRoute;
        record.isStream = routeOptions.config.response === 'stream';
      }
      done();
    });
    app.addHook('preHandler', ({ raw, routeOptions }, _, done) => {
      // A report is published when its body has been parsed.
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

  /** Records that a report was accepted. */
  recordAccepted({ raw }: FastifyRequest, { line }: Location): void {
    const record = this.records.get(raw);
    if (record !== undefined) record.detail = line;
  }

  /** Records that a report was not accepted, although its response is a success. */
  recordIgnored({ raw }: FastifyRequest, reason: string, client = ''): void {
    const record = this.records.get(raw);
    if (record === undefined) return;
    record.isIgnored = true;
    record.detail = bytesOf(reason);
    if (client !== '') record.client = bytesOf(client);
  }

  /** Records that a connection is destroyed during a response. */
  recordCutOff(socket: Socket, reason: string): void {
    const record = this.active.get(socket)?.record;
    if (record === undefined) return;
    record.isCutOff = true;
    record.detail = bytesOf(reason);
  }

  /** Records why a request failed. */
  recordError({ raw }: FastifyRequest, reason: string): void {
    const record = this.records.get(raw);
    if (record !== undefined) record.detail = bytesOf(reason);
  }

  /** Publishes a rejected WebSocket handshake. An accepted one is published as a client that connects. */
  recordRejectedHandshake(request: IncomingMessage, status: number): void {
    const record = this.startRecord(request);
    record.route = pathOf(record.url) === webSocketPath ? webSocketPath : noRoute;
    this.publishRequest(record, '');
    this.publishResponse(record, outcomeOf(status), status);
  }

  /**
   * Records a request that is not valid HTTP, or too slow or too large to be read.
   * @returns `answered` if a response has begun; `pending` if an earlier request of the connection is still to be answered, which is
   *   the last one then
   */
  recordAborted(socket: Socket, status: number, reason: string): 'answered' | 'unanswered' | 'pending' {
    const activeRequest = this.active.get(socket);
    if (activeRequest !== undefined) {
      if (activeRequest.response.headersSent) return 'answered';
      if (activeRequest.response.req.complete) {
        activeRequest.response.shouldKeepAlive = false;
        return 'pending';
      }
      // The error concerns the rest of the active request, and is its response.
      activeRequest.record.earlyStatus = status;
      activeRequest.record.detail = bytesOf(reason);
      return 'unanswered';
    }
    const remoteAddress = formatHostPort(socket.remoteAddress, socket.remotePort);
    const [text, detail, outcome] = ['invalid request', bytesOf(reason), outcomeOf(status)];
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
      // Fastify may rewrite it.
      url: request.url ?? '',
      route: noRoute,
      isStream: false,
      isPublished: false,
      client: '',
      detail: '',
      isIgnored: false,
      isCutOff: false,
    };
    this.records.set(request, record);
    return record;
  }

  private finishRecord(record: RequestRecord, { statusCode, headersSent, writableFinished }: ServerResponse): void {
    // Not published yet if it was rejected before it was read.
    this.publishRequest(record, '');
    const status = headersSent ? statusCode : record.earlyStatus;
    // A stream ends when its reader disconnects.
    const isIncomplete = headersSent && !writableFinished && (!record.isStream || record.isCutOff);
    const outcome = status === undefined || isIncomplete ? 'aborted' : record.isIgnored ? 'ignored' : outcomeOf(status);
    this.publishResponse(record, outcome, status);
  }

  private publishRequest(record: RequestRecord, report: ByteString): void {
    if (record.isPublished) return;
    record.isPublished = true;
    const { remoteAddress, method, url } = record;
    const text = report === '' ? `${method} ${redactUrl(url)}` : `${method} ${pathOf(url)} ${report}`;
    this.bus.publish({ kind: 'http-request', remoteAddress, text: this.truncate(this.redactor.redact(text)) });
  }

  private publishResponse(record: RequestRecord, outcome: HttpRequestOutcome, status: number | undefined): void {
    const { remoteAddress, method, url, route, isStream, client, startMs } = record;
    const isAccepted = client === '' || outcome === 'answered';
    const detail = this.truncate(this.redactor.redact(isAccepted ? record.detail : `${client}: ${record.detail}`));
    const tookMs = isStream ? undefined : this.clock.monotonicMs() - startMs;
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
