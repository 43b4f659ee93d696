import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import type { ClientWire } from '../../../actors/ports/client-wire.js';
import { addresses, type ConnectionMessage } from '../../../actors/bus/messages.js';
import type { ByteString } from '../../../protocol/text/bytes.js';
import type { DoorEdges } from '../../sockets/client-listener.js';
import type { FlushScheduler, Gatherer } from '../../time/flush-order.js';
import { reportedFromBytes } from '../../sockets/batched-writer.js';
import { hostAndPort } from '../../sockets/listening.js';
import { tokenProtocolStart } from '../auth/credentials.js';

/** Where WebSocket clients connect. */
export const webSocketPath = '/ws';

/** How often a client is asked whether it is alive, in milliseconds; one that has not answered by the next time is dropped. */
const pingEveryMs = 30_000;

/** WebSocket's close code for a server that goes away (RFC 6455, section 7.4.1). */
const goingAway = 1001;

/** Memory that a message takes that waits, besides its bytes: two entries of Node's, two buffers and a callback. */
const waitingMessageBytes = 512;

/** Who is let in. */
interface Handshakes {
  /** Why a handshake is refused, as a status line; undefined if it is not. */
  readonly refusal: (request: IncomingMessage) => string | undefined;
  /** Lets go of a connection that becomes a WebSocket; returns whether it may become one. */
  readonly release: (socket: Socket) => boolean;
  /** Hears of those that are. */
  readonly onRefused: (request: IncomingMessage, status: number) => void;
}

/** Has an HTTP server take clients that speak over WebSocket: one command a message, one answer a message. */
export function serveWebSocket(
  server: Server,
  edges: DoorEdges,
  lineBytesMax: number,
  { refusal, release, onRefused }: Handshakes,
): void {
  const webSockets = new WebSocketServer({
    noServer: true,
    maxPayload: lineBytesMax + 2,
    perMessageDeflate: false,
    handleProtocols,
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // Until ws has taken the socket over, nobody else hears of its errors.
    socket.on('error', () => undefined);
    const [at] = (request.url ?? '').split('?');
    const refused = at === webSocketPath ? refusal(request) : '404 Not Found';
    if (refused !== undefined) {
      onRefused(request, Number.parseInt(refused, 10));
      // Nobody else watches a socket that asks for an upgrade: half closed it would stay for as long as its caller likes.
      socket.once('finish', () => socket.destroy());
      return void socket.end(`HTTP/1.1 ${refused}\r\nconnection: close\r\n\r\n`);
    }
    if (!release(request.socket)) return void socket.destroy();
    webSockets.handleUpgrade(request, socket, head, (webSocket) => welcome(edges, webSocket, request, socket));
  });
}

function welcome(edges: DoorEdges, webSocket: WebSocket, { socket }: IncomingMessage, stream: Duplex): void {
  const { bus, clock, turn, nextConnection } = edges;
  const connection = nextConnection();
  const to = addresses.connection(connection);
  const far = hostAndPort(socket.remoteAddress, socket.remotePort);
  let reason = 'the client closed';
  let pings: 'answered' | 'waiting' = 'answered';
  const beat = (): void => {
    // While it is not read from, its pongs are not heard either.
    if (!webSocket.isPaused) {
      if (pings === 'waiting') return webSocket.terminate();
      pings = 'waiting';
      webSocket.ping();
    }
    heartbeat = clock.setTimeout(beat, pingEveryMs);
  };
  let heartbeat = clock.setTimeout(beat, pingEveryMs);
  webSocket.on('pong', () => (pings = 'answered'));
  webSocket.on('error', (error) => (reason = error.message));
  webSocket.on('close', () => clock.clearTimeout(heartbeat));
  const onDrained = () => wire.report(() => bus.send(to, { kind: 'drained' }));
  const wire: WebSocketClientWire = new WebSocketClientWire(webSocket, stream, turn.clients, far, onDrained);
  bus.send(addresses.server, { kind: 'client-arrived', connection, wire });
  const report = (message: ConnectionMessage) =>
    turn.commands.ask({ flush: () => wire.report(() => bus.send(to, message)) });
  webSocket.on('message', (message: Buffer) => {
    const chunk = asLine(message);
    report({ kind: 'bytes', chunk, receivedAt: clock.now() });
  });
  webSocket.on('close', () => report({ kind: 'closed', reason }));
}

/** The subprotocol that is agreed on: the first that is offered and is no token. */
function handleProtocols(offered: ReadonlySet<string>): string | false {
  return [...offered].find((protocol) => !protocol.startsWith(tokenProtocolStart)) ?? false;
}

/** A message as a line: with a line end, if it has none. */
function asLine(message: Buffer): Buffer {
  return message.at(-1) === 10 ? message : Buffer.concat([message, Buffer.from('\n')]);
}

class WebSocketClientWire implements ClientWire, Gatherer {
  readonly transport = 'websocket';
  private state: 'open' | 'ending' | 'destroyed' = 'open';
  /** Messages that wait for the next flush, and their bytes. */
  private gathered: Buffer[] = [];
  private gatheredBytes = 0;
  /** Messages that have had to wait for others since the operating system last had taken everything. */
  private waitingMessages = 0;
  /** Whether so much has waited that its end is to be reported. */
  private isHigh = false;

  /** @param onDrained hears when everything is taken, after a backlog of `reportedFromBytes` or more */
  constructor(
    private readonly webSocket: WebSocket,
    private readonly stream: Duplex,
    private readonly scheduler: FlushScheduler,
    readonly far: string,
    private readonly onDrained: () => void,
  ) {}

  get backlogBytes(): number {
    const { gatheredBytes, webSocket, waitingMessages } = this;
    return gatheredBytes + webSocket.bufferedAmount + waitingMessages * waitingMessageBytes;
  }

  /** Reports something, unless nothing may be reported any more. */
  report(tell: () => void): void {
    if (this.state !== 'destroyed') tell();
  }

  /** Each write is one answer, and so one message: text where it is UTF-8, and bytes where it cannot be text. */
  write(text: ByteString): void {
    if (this.state !== 'open') return;
    const bytes = Buffer.from(text.slice(0, -1), 'latin1');
    if (this.gathered.length === 0) this.scheduler.ask(this);
    this.gathered.push(bytes);
    this.gatheredBytes += bytes.length;
    if (this.backlogBytes >= reportedFromBytes) this.isHigh = true;
  }

  flush(): void {
    const messages = this.gathered;
    this.gathered = [];
    this.gatheredBytes = 0;
    if (this.state === 'destroyed') return;
    for (const bytes of messages) {
      if (this.webSocket.bufferedAmount > 0) this.waitingMessages += 1;
      this.webSocket.send(bytes, { binary: !isUtf8(bytes) }, () => this.taken());
    }
    if (this.backlogBytes >= reportedFromBytes) this.isHigh = true;
    if (this.state === 'ending') this.webSocket.close(goingAway);
  }

  pause(): void {
    this.webSocket.pause();
  }

  resume(): void {
    this.webSocket.resume();
  }

  keepAlive(): void {
    // It is pinged as long as it is there.
  }

  end(): void {
    if (this.state !== 'open') return;
    this.state = 'ending';
    if (this.gathered.length === 0) this.webSocket.close(goingAway);
  }

  /** The operating system has taken a message. Node tells of itself only where 16 KiB or more have waited. */
  private taken(): void {
    if (this.webSocket.bufferedAmount > 0) return;
    this.waitingMessages = 0;
    if (!this.isHigh || this.gatheredBytes > 0) return;
    this.isHigh = false;
    this.onDrained();
  }

  destroy(): void {
    this.state = 'destroyed';
    this.webSocket.terminate();
    this.stream.destroy();
  }
}
