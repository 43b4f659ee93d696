import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import type { ClientChannel } from '../../../actors/ports/client-channel.js';
import { addresses } from '../../../actors/addresses.js';
import { Lines } from '../../../protocol/text/lines.js';
import type { WordBuffer } from '../../../protocol/text/word-buffer.js';
import type { ListenerDependencies } from '../../sockets/client-listener.js';
import type { FlushScheduler, Flushable } from '../../time/flush-order.js';
import { minReportedBacklogBytes } from '../../sockets/batched-writer.js';
import { formatHostPort } from '../../sockets/listener.js';
import { toReadBuffer } from '../../sockets/socket-reader.js';
import { tokenProtocolPrefix } from '../auth/credentials.js';

/** Path of the WebSocket endpoint. */
export const webSocketPath = '/ws';

/** Interval of pings in milliseconds. A client that has not answered by the next one is disconnected. */
const pingIntervalMs = 30_000;

/** Close code of a server that shuts down (RFC 6455, section 7.4.1). */
const goingAway = 1001;

/** Memory of a queued message besides its bytes: two entries of Node's, two buffers and a callback. */
const queuedMessageOverheadBytes = 512;

/** Decides on handshakes. */
interface HandshakePolicy {
  /** Returns the status line with which a handshake is rejected; undefined if it is accepted. */
  readonly rejectionOf: (request: IncomingMessage) => string | undefined;
  /** Releases a connection that becomes a WebSocket; returns false if it cannot become one. */
  readonly release: (socket: Socket) => boolean;
  /** Called for each rejected handshake. */
  readonly onRejected: (request: IncomingMessage, status: number) => void;
}

/** Serves the client protocol over WebSocket: one command per message, one response per message. */
export function serveWebSocket(
  server: Server,
  dependencies: ListenerDependencies,
  maxLineBytes: number,
  { rejectionOf, release, onRejected }: HandshakePolicy,
): void {
  const webSockets = new WebSocketServer({
    noServer: true,
    maxPayload: maxLineBytes + 2,
    perMessageDeflate: false,
    handleProtocols,
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // Until ws takes the socket over, no other listener handles its errors.
    socket.on('error', () => undefined);
    const [path] = (request.url ?? '').split('?');
    const rejection = path === webSocketPath ? rejectionOf(request) : '404 Not Found';
    if (rejection !== undefined) {
      onRejected(request, Number.parseInt(rejection, 10));
      // Node applies no timeout to a socket after an upgrade request: half closed, it would stay open for as long as the client likes.
      socket.once('finish', () => socket.destroy());
      return void socket.end(`HTTP/1.1 ${rejection}\r\nconnection: close\r\n\r\n`);
    }
    if (!release(request.socket)) return void socket.destroy();
    webSockets.handleUpgrade(request, socket, head, (webSocket) =>
      acceptClient(dependencies, webSocket, request, socket),
    );
  });
}

function acceptClient(
  dependencies: ListenerDependencies,
  webSocket: WebSocket,
  { socket }: IncomingMessage,
  stream: Duplex,
): void {
  const { bus, clock, turn, nextConnection } = dependencies;
  const connection = nextConnection();
  const to = addresses.connection(connection);
  const remoteAddress = formatHostPort(socket.remoteAddress, socket.remotePort);
  let reason = 'the client closed';
  let isPongPending = false;
  const sendPing = (): void => {
    // While the socket is paused, no pong can arrive.
    if (!webSocket.isPaused) {
      if (isPongPending) return webSocket.terminate();
      isPongPending = true;
      webSocket.ping();
    }
    pingTimer = clock.setTimeout(sendPing, pingIntervalMs);
  };
  let pingTimer = clock.setTimeout(sendPing, pingIntervalMs);
  webSocket.on('pong', () => (isPongPending = false));
  webSocket.on('error', (error) => (reason = error.message));
  webSocket.on('close', () => clock.clearTimeout(pingTimer));
  const onDrained = () => wire.report(() => bus.send(to, { kind: 'drained' }));
  const wire: WebSocketClientWire = new WebSocketClientWire(webSocket, stream, turn.clients, remoteAddress, onDrained);
  bus.send(addresses.server, { kind: 'connection-opened', connection, channel: wire });
  const report = (send: () => void) => turn.commands.schedule({ flush: () => wire.report(send) });
  webSocket.on('message', (message: Buffer) => {
    const chunk = toLine(message);
    const receivedAt = clock.now();
    report(() => bus.send(to, { kind: 'bytes', buffer: toReadBuffer(chunk), start: 0, end: chunk.length, receivedAt }));
  });
  webSocket.on('close', () => report(() => bus.send(to, { kind: 'closed', reason })));
}

/** Selects the first offered subprotocol that is not a token. */
function handleProtocols(offered: ReadonlySet<string>): string | false {
  return [...offered].find((protocol) => !protocol.startsWith(tokenProtocolPrefix)) ?? false;
}

/** Appends a line end to a message that has none. */
function toLine(message: Buffer): Buffer {
  return message.at(-1) === 10 ? message : Buffer.concat([message, Buffer.from('\n')]);
}

class WebSocketClientWire implements ClientChannel, Flushable {
  readonly transport = 'websocket';
  private state: 'open' | 'ending' | 'destroyed' = 'open';
  /** Messages queued for the next flush, and their bytes. */
  private queued: Buffer[] = [];
  private queuedBytes = 0;
  /** Messages that had to wait for others since the socket was last drained. */
  private waitingMessages = 0;
  /** Whether the backlog has reached `minReportedBacklogBytes`, so that its end is reported. */
  private isBacklogged = false;

  /** @param onDrained called when everything is taken after a backlog of `minReportedBacklogBytes` or more */
  constructor(
    private readonly webSocket: WebSocket,
    private readonly stream: Duplex,
    private readonly scheduler: FlushScheduler,
    readonly remoteAddress: string,
    private readonly onDrained: () => void,
  ) {}

  get bufferedBytes(): number {
    const { queuedBytes, webSocket, waitingMessages } = this;
    return queuedBytes + webSocket.bufferedAmount + waitingMessages * queuedMessageOverheadBytes;
  }

  /** Calls `send` unless the wire is destroyed. */
  report(send: () => void): void {
    if (this.state !== 'destroyed') send();
  }

  /** Each line is one response, and one message. */
  writeBytes(buffer: WordBuffer, start: number, end: number): void {
    for (const line of new Lines(buffer, start, end)) this.enqueue(Buffer.from(line, 'latin1'));
  }

  /** Each response is one message, whether it has one line or two. */
  writeResponse({ buffer, start, end }: Lines): void {
    this.enqueue(Buffer.from(buffer.bytes.subarray(start, end - 1)));
  }

  /** Queues a message without its line end: a text message if it is UTF-8, else a binary one. */
  private enqueue(bytes: Buffer): void {
    if (this.state !== 'open') return;
    if (this.queued.length === 0) this.scheduler.schedule(this);
    this.queued.push(bytes);
    this.queuedBytes += bytes.length;
    if (this.bufferedBytes >= minReportedBacklogBytes) this.isBacklogged = true;
  }

  flush(): void {
    const queued = this.queued;
    this.queued = [];
    this.queuedBytes = 0;
    if (this.state === 'destroyed') return;
    for (const bytes of queued) {
      if (this.webSocket.bufferedAmount > 0) this.waitingMessages += 1;
      this.webSocket.send(bytes, { binary: !isUtf8(bytes) }, () => this.handleSent());
    }
    if (this.bufferedBytes >= minReportedBacklogBytes) this.isBacklogged = true;
    if (this.state === 'ending') this.webSocket.close(goingAway);
  }

  pause(): void {
    this.webSocket.pause();
  }

  resume(): void {
    this.webSocket.resume();
  }

  enableKeepAlive(): void {
    // Pings serve that purpose.
  }

  end(): void {
    if (this.state !== 'open') return;
    this.state = 'ending';
    if (this.queued.length === 0) this.webSocket.close(goingAway);
  }

  /** Called when the operating system has taken a message. Node emits `drain` only after a backlog of 16 KiB or more. */
  private handleSent(): void {
    if (this.webSocket.bufferedAmount > 0) return;
    this.waitingMessages = 0;
    if (!this.isBacklogged || this.queuedBytes > 0) return;
    this.isBacklogged = false;
    this.onDrained();
  }

  destroy(): void {
    this.state = 'destroyed';
    this.webSocket.terminate();
    this.stream.destroy();
  }
}
