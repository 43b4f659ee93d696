import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Bus } from '../../actors/bus/bus.js';
import type { ClientChannel } from '../../actors/ports/client-channel.js';
import type { Clock } from '../../actors/ports/clock.js';
import { addresses } from '../../actors/addresses.js';
import type { ConnectionMessage } from '../../actors/client/messages.js';
import type { Instant } from '../../protocol/place/time.js';
import type { Lines } from '../../protocol/text/lines.js';
import type { WordBuffer } from '../../protocol/text/word-buffer.js';
import { defaultTlsHandshakeTimeoutMs, type Certificates } from './certificates.js';
import { defaultMaxTlsHandshakes } from '../fixed-limits.js';
import { BatchedWriter } from './batched-writer.js';
import { BufferPool } from './buffer-pool.js';
import { formatHostPort, listen, type ListenOptions, type Listener } from './listener.js';
import { PendingConnections } from './pending-connections.js';
import { readSocket, toReadBuffer } from './socket-reader.js';
import type { ActivityMark } from '../time/active-clients.js';
import type { Turn } from '../time/turn.js';

/** Idle time before TCP keep-alive probes a client that only subscribes, in milliseconds. */
const keepAliveDelayMs = 60_000;

/** Reads from this size on are handled in a later phase of the turn; the connection is paused until then. */
const bulkReadBytes = 4_096;

/** Dependencies of a listener for clients. */
export interface ListenerDependencies {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly turn: Turn;
  /** Maximum concurrent connections. */
  readonly maxConnections: number;
  /** Returns the next connection number, unique over all listeners of a server. */
  readonly nextConnection: () => number;
  /** Undefined for plain TCP. */
  readonly certificates: Certificates | undefined;
  /** Timeout of a TLS handshake in milliseconds; default 10 s. */
  readonly tlsHandshakeTimeoutMs?: number | undefined;
  /** Maximum concurrent TLS handshakes; further ones evict the oldest of the address with the most. Default 10,000. */
  readonly maxTlsHandshakes?: number | undefined;
}

/**
 * Listens for clients of the line protocol over TCP or TLS.
 * @throws PortError if the port is unavailable
 */
export async function listenForClients(
  dependencies: ListenerDependencies,
  listenOptions: ListenOptions,
): Promise<Listener> {
  // A client that has closed its sending side still receives its responses.
  const serverOptions = { allowHalfOpen: true, noDelay: true };
  const pool = new BufferPool();
  const onSocket = (socket: Socket) => acceptConnection(dependencies, socket, pool);
  const boundedListenOptions = { ...listenOptions, maxConnections: dependencies.maxConnections };
  if (dependencies.certificates === undefined)
    return listen(createServer(serverOptions, onSocket), boundedListenOptions);
  const { tlsHandshakeTimeoutMs = defaultTlsHandshakeTimeoutMs, maxTlsHandshakes = defaultMaxTlsHandshakes } =
    dependencies;
  const pending = new PendingConnections(maxTlsHandshakes, () => undefined);
  const server = createTlsServer({ ...serverOptions, handshakeTimeout: tlsHandshakeTimeoutMs }, (socket) => {
    pending.markAuthenticated(formatHostPort(socket.remoteAddress, socket.remotePort));
    onSocket(socket);
  });
  pending.attach(server);
  // Node does not close a connection whose handshake takes too long.
  server.on('tlsClientError', (_, socket) => socket.destroy());
  dependencies.certificates.attach(server);
  return listen(server, { ...boundedListenOptions, maxConnections: dependencies.maxConnections + maxTlsHandshakes });
}

function acceptConnection(
  { bus, clock, turn, nextConnection }: ListenerDependencies,
  socket: Socket,
  pool: BufferPool,
): void {
  turn.recordArrival();
  const connection = nextConnection();
  const to = addresses.connection(connection);
  let reason = 'the client closed';
  socket.on('error', (error: NodeJS.ErrnoException) => (reason = error.code ?? error.message));
  const wire = new TcpClientWire(socket, turn, pool, (message) => bus.send(to, message));
  bus.send(addresses.server, { kind: 'connection-opened', connection, channel: wire });
  // The server destroys it at once while it is shutting down.
  if (socket.destroyed) return;
  // While the connection is paused for a large read, later messages must not overtake it.
  const schedule = (flush: () => void) => (wire.isHeld ? turn.bulkCommands : turn.commands).schedule({ flush });
  const report = (message: ConnectionMessage) => schedule(() => wire.report(message));
  readSocket(socket, ({ bytes }, length) => {
    turn.recordInput(wire);
    const receivedAt = clock.now();
    // It is handled at the end of the turn, when the buffer may hold another chunk.
    const chunk = Buffer.allocUnsafe(length);
    bytes.copy(chunk, 0, 0, length);
    if (length < bulkReadBytes) return schedule(() => wire.reportBytes(chunk, receivedAt));
    wire.hold();
    turn.bulkCommands.schedule({
      flush: () => {
        wire.reportBytes(chunk, receivedAt);
        wire.release();
      },
    });
  });
  socket.on('end', () => report({ kind: 'ended', receivedAt: clock.now() }));
  socket.on('close', () => report({ kind: 'closed', reason }));
}

class TcpClientWire implements ClientChannel, ActivityMark {
  readonly transport = 'tcp';
  readonly remoteAddress: string;
  private readonly writer: BatchedWriter;
  private isDestroyed = false;
  /** Whether reading is paused until a large read has been handled. */
  isHeld = false;
  private isPaused = false;
  activeWindow = -1;

  constructor(
    private readonly socket: Socket,
    { clients }: Turn,
    pool: BufferPool,
    private readonly notify: (message: ConnectionMessage) => void,
  ) {
    this.remoteAddress = formatHostPort(socket.remoteAddress, socket.remotePort);
    this.writer = new BatchedWriter(socket, clients, () => this.report({ kind: 'drained' }), pool);
  }

  /** Sends a message to the connection actor, unless the socket was destroyed. */
  report(message: ConnectionMessage): void {
    if (!this.isDestroyed) this.notify(message);
  }

  /** Sends a chunk of input to the connection actor, unless the socket was destroyed. */
  reportBytes(chunk: Uint8Array, receivedAt: Instant): void {
    const buffer = toReadBuffer(chunk);
    this.report({ kind: 'bytes', buffer, start: 0, end: chunk.length, receivedAt });
  }

  get bufferedBytes(): number {
    return this.writer.backlogBytes;
  }

  writeResponse({ buffer, start, end }: Lines): void {
    this.writer.writeBytes(buffer, start, end);
  }

  writeBytes(buffer: WordBuffer, start: number, end: number): void {
    this.writer.writeBytes(buffer, start, end);
  }

  pause(): void {
    this.isPaused = true;
    this.socket.pause();
  }

  resume(): void {
    this.isPaused = false;
    if (!this.isHeld) this.socket.resume();
  }

  /** Reads nothing until `release`, whatever `resume` says. */
  hold(): void {
    this.isHeld = true;
    this.socket.pause();
  }

  release(): void {
    this.isHeld = false;
    if (!this.isPaused) this.socket.resume();
  }

  enableKeepAlive(): void {
    this.socket.setKeepAlive(true, keepAliveDelayMs);
  }

  end(): void {
    this.writer.close();
  }

  destroy(): void {
    this.isDestroyed = true;
    this.socket.destroy();
  }
}
