import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import type { ClientChannel } from '../../../actors/ports/client-channel.js';
import { addresses } from '../../../actors/addresses.js';
import type { ConnectionMessage } from '../../../actors/client/messages.js';
import type { ByteString } from '../../../protocol/text/bytes.js';
import type { ListenerDependencies } from '../../sockets/client-listener.js';
import type { FlushScheduler, Flushable } from '../../time/flush-order.js';
import { minReportedBacklogBytes } from '../../sockets/batched-writer.js';
import { formatHostPort } from '../../sockets/listener.js';
import { tokenProtocolPrefix } from '../auth/credentials.js';

/** Where WebSocket clients connect. */
export const webSocketPath = '/ws';

/** How often a client is asked whether it is alive, in milliseconds; one that has not answered by the next time is dropped. */
const pingIntervalMs = 30_000;

/** WebSocket's close code for a server that goes away (RFC 6455, section 7.4.1). */
const goingAway = 1001;

/** Memory that a message takes that waits, besides its bytes: two entries of Node's, two buffers and a callback. */
const queuedMessageOverheadBytes = 512;

/** Who is let in. */
interface HandshakePolicy {
  /** Why a handshake is refused, as a status line; undefined if it is not. */
  readonly rejectionOf: (request: IncomingMessage) => string | undefined;
  /** Lets go of a connection that becomes a WebSocket; returns whether it may become one. */
  readonly release: (socket: Socket) => boolean;
  /** Hears of those that are. */
  readonly onRejected: (request: IncomingMessage, status: number) => void;
}

/** Has an HTTP server take clients that speak over WebSocket: one command a message, one answer a message. */
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
    // Until ws has taken the socket over, nobody else hears of its errors.
    socket.on('error', () => undefined);
    const [path] = (request.url ?? '').split('?');
    const rejection = path === webSocketPath ? rejectionOf(request) : '404 Not Found';
    if (rejection !== undefined) {
      onRejected(request, Number.parseInt(rejection, 10));
      // Nobody else watches a socket that asks for an upgrade: half closed it would stay for as long as its caller likes.
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
  let pings: 'answered' | 'waiting' = 'answered';
  const sendPing = (): void => {
    // While it is not read from, its pongs are not heard either.
    if (!webSocket.isPaused) {
      if (pings === 'waiting') return webSocket.terminate();
      pings = 'waiting';
      webSocket.ping();
    }
    pingTimer = clock.setTimeout(sendPing, pingIntervalMs);
  };
  let pingTimer = clock.setTimeout(sendPing, pingIntervalMs);
  webSocket.on('pong', () => (pings = 'answered'));
  webSocket.on('error', (error) => (reason = error.message));
  webSocket.on('close', () => clock.clearTimeout(pingTimer));
  const onDrained = () => wire.report(() => bus.send(to, { kind: 'drained' }));
  const wire: WebSocketClientWire = new WebSocketClientWire(webSocket, stream, turn.clients, remoteAddress, onDrained);
  bus.send(addresses.server, { kind: 'connection-opened', connection, channel: wire });
  const report = (message: ConnectionMessage) =>
    turn.commands.schedule({ flush: () => wire.report(() => bus.send(to, message)) });
  webSocket.on('message', (message: Buffer) => {
    const chunk = toLine(message);
    report({ kind: 'bytes', chunk, receivedAt: clock.now() });
  });
  webSocket.on('close', () => report({ kind: 'closed', reason }));
}

/** The subprotocol that is agreed on: the first that is offered and is no token. */
function handleProtocols(offered: ReadonlySet<string>): string | false {
  return [...offered].find((protocol) => !protocol.startsWith(tokenProtocolPrefix)) ?? false;
}

/** A message as a line: with a line end, if it has none. */
function toLine(message: Buffer): Buffer {
  return message.at(-1) === 10 ? message : Buffer.concat([message, Buffer.from('\n')]);
}

class WebSocketClientWire implements ClientChannel, Flushable {
  readonly transport = 'websocket';
  private state: 'open' | 'ending' | 'destroyed' = 'open';
  /** Messages that wait for the next flush, and their bytes. */
  private queued: Buffer[] = [];
  private queuedBytes = 0;
  /** Messages that have had to wait for others since the operating system last had taken everything. */
  private waitingMessages = 0;
  /** Whether so much has waited that its end is to be reported. */
  private isBacklogged = false;

  /** @param onDrained hears when everything is taken, after a backlog of `minReportedBacklogBytes` or more */
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

  /** Reports something, unless nothing may be reported any more. */
  report(send: () => void): void {
    if (this.state !== 'destroyed') send();
  }

  /** Each write is one answer, and so one message: text where it is UTF-8, and bytes where it cannot be text. */
  write(text: ByteString): void {
    if (this.state !== 'open') return;
    const bytes = Buffer.from(text.slice(0, -1), 'latin1');
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
    // It is pinged as long as it is there.
  }

  end(): void {
    if (this.state !== 'open') return;
    this.state = 'ending';
    if (this.queued.length === 0) this.webSocket.close(goingAway);
  }

  /** The operating system has taken a message. Node tells of itself only where 16 KiB or more have waited. */
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
