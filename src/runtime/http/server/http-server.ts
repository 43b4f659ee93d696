import { createServer, IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { tlsHandshakeWithinMs, type Certificates } from '../../sockets/certificates.js';

/**
 * A request that asks for an upgrade only where that is to WebSocket. Where somebody listens for upgrades, Node takes every
 * request with an Upgrade header for one, its body included; but what is offered with it, as HTTP/2 is by curl and Java, a
 * server may leave alone, and answer (RFC 9110, section 7.8).
 */
class Request extends IncomingMessage {
  private offers = false;

  get upgrade(): boolean {
    return this.offers && this.isWebSocket;
  }

  // Node's parser sets it, and asks for it afterwards.
  set upgrade(offers: unknown) {
    this.offers = offers === true;
  }

  /** Node drops what came in one packet behind a request that offers an upgrade: its connection cannot go on. */
  get isLast(): boolean {
    return this.offers && !this.isWebSocket;
  }

  private get isWebSocket(): boolean {
    return this.headers.upgrade?.toLowerCase() === 'websocket';
  }
}

/** How long a request may take to come in, in milliseconds, from its first byte or, of the first one, from the connection on. */
const requestWithinMs = 30_000;

/** How often connections are looked through for requests that take longer, in milliseconds. */
const checkEveryMs = 1_000;

/**
 * A server that speaks HTTP, over TLS where there are certificates.
 * @param withinMs how long a request may take to come in, body included
 */
export function httpServerFor(
  certificates: Certificates | undefined,
  listener: RequestListener,
  withinMs = requestWithinMs,
): Server {
  const options = {
    IncomingMessage: Request,
    requestTimeout: withinMs,
    headersTimeout: withinMs,
    connectionsCheckingInterval: Math.min(checkEveryMs, withinMs),
  };
  const answer: RequestListener = (request, response) => {
    if (request instanceof Request && request.isLast) response.shouldKeepAlive = false;
    listener(request, response);
  };
  if (certificates === undefined) return createServer(options, answer);
  const server = createHttpsServer({ ...options, handshakeTimeout: tlsHandshakeWithinMs }, answer);
  certificates.keep(server);
  return server;
}
