import { createServer, IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { defaultTlsHandshakeTimeoutMs, type Certificates } from '../../sockets/certificates.js';

/**
 * A request that asks for an upgrade only where that is to WebSocket. Where somebody listens for upgrades, Node takes every
 * request with an Upgrade header for one, its body included; but what is offered with it, as HTTP/2 is by curl and Java, a
 * server may leave alone, and answer (RFC 9110, section 7.8).
 */
class UpgradableRequest extends IncomingMessage {
  private offersUpgrade = false;

  get upgrade(): boolean {
    return this.offersUpgrade && this.isWebSocket;
  }

  // Node's parser sets it, and asks for it afterwards.
  set upgrade(offers: unknown) {
    this.offersUpgrade = offers === true;
  }

  /** Node drops what came in one packet behind a request that offers an upgrade: its connection cannot go on. */
  get isLast(): boolean {
    return this.offersUpgrade && !this.isWebSocket;
  }

  private get isWebSocket(): boolean {
    return this.headers.upgrade?.toLowerCase() === 'websocket';
  }
}

/** How long a request may take to come in, in milliseconds, from its first byte or, of the first one, from the connection on. */
const requestTimeoutMs = 30_000;

/** How often connections are looked through for requests that take longer, in milliseconds. */
const timeoutCheckIntervalMs = 1_000;

/**
 * A server that speaks HTTP, over TLS where there are certificates.
 * @param timeoutMs how long a request may take to come in, body included
 */
export function createHttpServer(
  certificates: Certificates | undefined,
  listener: RequestListener,
  timeoutMs = requestTimeoutMs,
): Server {
  const options = {
    IncomingMessage: UpgradableRequest,
    requestTimeout: timeoutMs,
    headersTimeout: timeoutMs,
    connectionsCheckingInterval: Math.min(timeoutCheckIntervalMs, timeoutMs),
  };
  const onRequest: RequestListener = (request, response) => {
    if (request instanceof UpgradableRequest && request.isLast) response.shouldKeepAlive = false;
    listener(request, response);
  };
  if (certificates === undefined) return createServer(options, onRequest);
  const server = createHttpsServer({ ...options, handshakeTimeout: defaultTlsHandshakeTimeoutMs }, onRequest);
  certificates.attach(server);
  return server;
}
