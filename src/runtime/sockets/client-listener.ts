import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Bus } from '../../actors/bus/bus.js';
import type { ClientChannel } from '../../actors/ports/client-channel.js';
import type { Clock } from '../../actors/ports/clock.js';
import { addresses } from '../../actors/addresses.js';
import type { ConnectionMessage } from '../../actors/client/messages.js';
import type { ByteString } from '../../protocol/text/bytes.js';
import { defaultTlsHandshakeTimeoutMs, type Certificates } from './certificates.js';
import { BatchedWriter } from './batched-writer.js';
import { formatHostPort, listen, type ListenOptions, type Listener } from './listener.js';
import { PendingConnections } from './pending-connections.js';
import type { Turn } from '../time/turn.js';

/** How long nothing may come from a client that only listens before it is asked whether it is there, in milliseconds. */
const keepAliveDelayMs = 60_000;

/** TLS handshakes at once, besides the connections that are served: more do not come to their end within 10 s on one core. */
export const defaultMaxTlsHandshakes = 10_000;

/** A read of so many bytes or more is handled when its turn comes, and nothing more of its connection is read until then. */
const bulkReadBytes = 4_096;

/** What a door for clients needs. */
export interface ListenerDependencies {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly turn: Turn;
  /** Clients that the server serves at once. */
  readonly maxConnections: number;
  /** Numbers connections, over all doors of a server. */
  readonly nextConnection: () => number;
  /** Undefined: clients speak without TLS. */
  readonly certificates: Certificates | undefined;
  /** How long a TLS handshake may take, in milliseconds. Left out: 10 s. */
  readonly tlsHandshakeTimeoutMs?: number | undefined;
  /** TLS handshakes at once; more evict the oldest of the address that has the most. Left out: 10,000. */
  readonly maxTlsHandshakes?: number | undefined;
}

/**
 * Opens a server's door for clients that speak lines over TCP.
 * @throws PortError
 */
export async function listenForClients(
  dependencies: ListenerDependencies,
  listenOptions: ListenOptions,
): Promise<Listener> {
  // Half-open: who has said everything and closed its side still gets its answers.
  const serverOptions = { allowHalfOpen: true, noDelay: true };
  const onSocket = (socket: Socket) => acceptConnection(dependencies, socket);
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

function acceptConnection({ bus, clock, turn, nextConnection }: ListenerDependencies, socket: Socket): void {
  turn.recordArrival();
  const connection = nextConnection();
  const to = addresses.connection(connection);
  let reason = 'the client closed';
  socket.on('error', (error: NodeJS.ErrnoException) => (reason = error.code ?? error.message));
  const wire = new TcpClientWire(socket, turn, (message) => bus.send(to, message));
  bus.send(addresses.server, { kind: 'connection-opened', connection, channel: wire });
  // Destroyed already if the server is on its way down.
  if (socket.destroyed) return;
  // Of a connection from which nothing more is read, what comes next waits behind the large read.
  const report = (message: ConnectionMessage) =>
    (wire.isHeld ? turn.bulkCommands : turn.commands).schedule({ flush: () => wire.report(message) });
  socket.on('data', (chunk) => {
    const message: ConnectionMessage = { kind: 'bytes', chunk, receivedAt: clock.now() };
    if (chunk.length < bulkReadBytes) return report(message);
    wire.hold();
    turn.bulkCommands.schedule({
      flush: () => {
        wire.report(message);
        wire.release();
      },
    });
  });
  socket.on('end', () => report({ kind: 'ended', receivedAt: clock.now() }));
  socket.on('close', () => report({ kind: 'closed', reason }));
}

class TcpClientWire implements ClientChannel {
  readonly transport = 'tcp';
  readonly remoteAddress: string;
  private readonly writer: BatchedWriter;
  private state: 'open' | 'destroyed' = 'open';
  /** Whether nothing is read until what was read is handled. */
  isHeld = false;
  private isPaused = false;

  constructor(
    private readonly socket: Socket,
    { clients }: Turn,
    private readonly notify: (message: ConnectionMessage) => void,
  ) {
    this.remoteAddress = formatHostPort(socket.remoteAddress, socket.remotePort);
    this.writer = new BatchedWriter(socket, clients, () => this.report({ kind: 'drained' }));
  }

  /** Reports something, unless nothing may be reported any more. */
  report(message: ConnectionMessage): void {
    if (this.state === 'open') this.notify(message);
  }

  get bufferedBytes(): number {
    return this.writer.backlogBytes;
  }

  write(text: ByteString): void {
    this.writer.write(text);
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
    this.state = 'destroyed';
    this.socket.destroy();
  }
}
