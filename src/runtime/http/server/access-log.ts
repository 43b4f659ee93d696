import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Clock } from '../../../actors/ports/clock.js';
import type { RequestOutcome } from '../../../actors/bus/events.js';
import { bytesOf, type ByteString } from '../../../protocol/text/bytes.js';
import type { Location } from '../../../protocol/place/location.js';
import { hostAndPort } from '../../sockets/listening.js';
import type { MessageBus } from '../../bus/message-bus.js';
import { pathOf, SecretTexts, shownUrl } from './redact-url.js';
import type { Reported } from '../api/report-ingest.js';
import { webSocketPath } from './web-socket.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The answer goes on until somebody ends it: how long that takes says nothing. */
    readonly answer?: 'stream';
  }
}

/** What stands for the route of a request that has none: the routes that are counted are those that there are. */
const noRoute = 'none';

/** A request that is not over. */
interface Entry {
  readonly far: string;
  readonly startMs: number;
  readonly method: string;
  readonly url: string;
  /** The pattern of its route. */
  route: string;
  kind: 'answer' | 'stream';
  /** Whether what it asks has been told. */
  told: 'nothing' | 'asked';
  /** Of a report, whose it is. */
  client: ByteString;
  /** The AT line that was made of a report, or why there is none; empty where the outcome says it all. */
  detail: ByteString;
  /** A report is not taken, and whoever sent it is told that all is well. */
  ignored: boolean;
  /** Its connection was destroyed while the answer was on its way. */
  isCutOff: boolean;
  /** The status of the answer to a request that could not be heard out. */
  unheard?: number;
}

/**
 * Tells the log, and who counts, of what is asked over HTTP and of what became of it: once each. Of a report it tells what it
 * says, as an IAMAT; never a body as it came, for apps send their settings and passwords as well.
 */
export class Journal {
  private readonly entries = new WeakMap<IncomingMessage, Entry>();
  /** What is being answered, by the connection that it came over. */
  private readonly busy = new WeakMap<Socket, { readonly entry: Entry; readonly response: ServerResponse }>();

  private readonly tokens: SecretTexts;

  /**
   * @param textBytesMax what is longer is cut, in bytes
   * @param tokens what is not written down, wherever it stands
   */
  constructor(
    private readonly bus: MessageBus,
    private readonly clock: Clock,
    private readonly textBytesMax: number,
    tokens: readonly string[] = [],
  ) {
    this.tokens = new SecretTexts(tokens);
  }

  /** The same listener, with every request that it gets told of. */
  telling(listener: RequestListener): RequestListener {
    return (request, response) => {
      const entry = this.open(request);
      const { socket } = request;
      this.busy.set(socket, { entry, response });
      response.once('close', () => {
        // The next request over the connection may have come already.
        if (this.busy.get(socket)?.response === response) this.busy.delete(socket);
        this.close(entry, response);
      });
      listener(request, response);
    };
  }

  /** Learns of each request at which route it arrives. */
  follow(app: FastifyInstance): void {
    app.addHook('onRequest', ({ raw, routeOptions }, _, done) => {
      const entry = this.entries.get(raw);
      if (entry !== undefined) {
        entry.route = routeOptions.url ?? noRoute;
        entry.kind = routeOptions.config.answer ?? 'answer';
      }
      done();
    });
    app.addHook('preHandler', ({ raw, routeOptions }, _, done) => {
      // What a report says is told when it has been read.
      const entry = this.entries.get(raw);
      if (entry !== undefined && routeOptions.config.entry !== 'reporters') this.tellAsked(entry, '');
      done();
    });
  }

  /** A request is a report, and says this. */
  heard({ raw }: FastifyRequest, { client, position, time }: Reported): void {
    const entry = this.entries.get(raw);
    if (entry === undefined) return;
    entry.client = bytesOf(client);
    this.tellAsked(entry, bytesOf(['IAMAT', client, position, ...(time === undefined ? [] : [time])].join(' ')));
  }

  /** A report is taken. */
  took({ raw }: FastifyRequest, { line }: Location): void {
    const entry = this.entries.get(raw);
    if (entry !== undefined) entry.detail = line;
  }

  /** A report is not taken, and its answer does not say so. */
  ignored({ raw }: FastifyRequest, why: string, client = ''): void {
    const entry = this.entries.get(raw);
    if (entry === undefined) return;
    entry.ignored = true;
    entry.detail = bytesOf(why);
    if (client !== '') entry.client = bytesOf(client);
  }

  /** The connection is destroyed over which an answer is on its way. */
  cutOff(socket: Socket, why: string): void {
    const entry = this.busy.get(socket)?.entry;
    if (entry === undefined) return;
    entry.isCutOff = true;
    entry.detail = bytesOf(why);
  }

  /** Why a request is not answered as it would like. */
  refused({ raw }: FastifyRequest, why: string): void {
    const entry = this.entries.get(raw);
    if (entry !== undefined) entry.detail = bytesOf(why);
  }

  /** A handshake of WebSocket was refused; one that was not is told of as a client that comes. */
  refusedHandshake(request: IncomingMessage, status: number): void {
    const entry = this.open(request);
    entry.route = pathOf(entry.url) === webSocketPath ? webSocketPath : noRoute;
    this.tellAsked(entry, '');
    this.tellAnswered(entry, outcomeOf(status), status);
  }

  /**
   * What came was no HTTP, or was too slow or too large to be heard out.
   * @returns whether a response has begun; or that it came behind a request that is still to be answered, the last of its connection
   */
  unheard(socket: Socket, status: number, why: string): 'answered' | 'unanswered' | 'to be answered' {
    const busy = this.busy.get(socket);
    if (busy !== undefined) {
      if (busy.response.headersSent) return 'answered';
      if (busy.response.req.complete) {
        busy.response.shouldKeepAlive = false;
        return 'to be answered';
      }
      // What the rest of a request lacks is the answer to that request.
      busy.entry.unheard = status;
      busy.entry.detail = bytesOf(why);
      return 'unanswered';
    }
    const far = hostAndPort(socket.remoteAddress, socket.remotePort);
    const [text, detail, outcome] = ['something', bytesOf(why), outcomeOf(status)];
    this.bus.publish({ kind: 'http-asked', far, text });
    this.bus.publish({ kind: 'http-answered', far, text, route: noRoute, status, outcome, detail, tookMs: undefined });
    return 'unanswered';
  }

  private open(request: IncomingMessage): Entry {
    const { remoteAddress, remotePort } = request.socket;
    const entry: Entry = {
      far: hostAndPort(remoteAddress, remotePort),
      startMs: this.clock.monotonicMs(),
      method: request.method ?? '',
      // It may be rewritten on its way to its route.
      url: request.url ?? '',
      route: noRoute,
      kind: 'answer',
      told: 'nothing',
      client: '',
      detail: '',
      ignored: false,
      isCutOff: false,
    };
    this.entries.set(request, entry);
    return entry;
  }

  private close(entry: Entry, { statusCode, headersSent, writableFinished }: ServerResponse): void {
    // What was refused before it was read.
    this.tellAsked(entry, '');
    const status = headersSent ? statusCode : entry.unheard;
    // A stream ends when its reader goes.
    const isHalf = headersSent && !writableFinished && (entry.kind === 'answer' || entry.isCutOff);
    const outcome = status === undefined || isHalf ? 'abandoned' : entry.ignored ? 'ignored' : outcomeOf(status);
    this.tellAnswered(entry, outcome, status);
  }

  private tellAsked(entry: Entry, report: ByteString): void {
    if (entry.told === 'asked') return;
    entry.told = 'asked';
    const { far, method, url } = entry;
    const text = report === '' ? `${method} ${shownUrl(url)}` : `${method} ${pathOf(url)} ${report}`;
    this.bus.publish({ kind: 'http-asked', far, text: this.cut(this.tokens.hiddenIn(text)) });
  }

  private tellAnswered(entry: Entry, outcome: RequestOutcome, status: number | undefined): void {
    const { far, method, url, route, kind, client, startMs } = entry;
    const isTaken = client === '' || outcome === 'answered';
    const detail = this.cut(this.tokens.hiddenIn(isTaken ? entry.detail : `${client}: ${entry.detail}`));
    const tookMs = kind === 'answer' ? this.clock.monotonicMs() - startMs : undefined;
    const text = this.cut(this.tokens.hiddenIn(`${method} ${pathOf(url)}`));
    this.bus.publish({ kind: 'http-answered', far, text, route, status, outcome, detail, tookMs });
  }

  private cut(text: ByteString): ByteString {
    return text.length <= this.textBytesMax ? text : `${text.slice(0, this.textBytesMax)}...`;
  }
}

function outcomeOf(status: number): RequestOutcome {
  if (status < 400) return 'answered';
  if (status >= 500) return 'failed';
  return status === 401 || status === 403 ? 'refused' : 'invalid';
}
