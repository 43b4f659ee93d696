import { createServer, IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { defaultTlsHandshakeTimeoutMs, type Certificates } from '../../sockets/certificates.js';

/**
 * A request that is an upgrade only if it is for WebSocket. With a listener for upgrades, Node treats every request with an Upgrade
 * header as one; but a server may ignore the header, for example HTTP/2 offered by curl and Java (RFC 9110, section 7.8).
 */
class UpgradableRequest extends IncomingMessage {
  private offersUpgrade = false;

  get upgrade(): boolean {
    return this.offersUpgrade && this.isWebSocket;
  }

  // Node's parser sets this property and reads it afterwards.
  set upgrade(offers: unknown) {
    this.offersUpgrade = offers === true;
  }

  /** Whether the connection must be closed after it: Node drops bytes received in one packet behind an offered upgrade. */
  get isLast(): boolean {
    return this.offersUpgrade && !this.isWebSocket;
  }

  private get isWebSocket(): boolean {
    return this.headers.upgrade?.toLowerCase() === 'websocket';
  }
}

/** Maximum time for a request to arrive, in milliseconds, from its first byte or, for the first one, from the connection. */
const requestTimeoutMs = 30_000;

/** Interval of checks for such requests, in milliseconds. */
const timeoutCheckIntervalMs = 1_000;

/**
 * Creates an HTTP server, over TLS if there are certificates.
 * @param timeoutMs maximum time for a request to arrive, body included
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
