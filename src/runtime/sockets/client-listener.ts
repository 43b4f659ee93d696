import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Bus } from '../../actors/bus/bus.js';
import type { ClientWire } from '../../actors/ports/client-wire.js';
import type { Clock } from '../../actors/ports/clock.js';
import { addresses, type ConnectionMessage } from '../../actors/bus/messages.js';
import type { ByteString } from '../../protocol/text/bytes.js';
import { tlsHandshakeWithinMs, type Certificates } from './certificates.js';
import { GatheredWriter } from './batched-writer.js';
import { hostAndPort, listen, type ListenAt, type Listening } from './listening.js';
import { PendingConnections } from './pending-connections.js';
import type { Turn } from '../time/turn.js';

/** How long nothing may come from a client that only listens before it is asked whether it is there, in milliseconds. */
const keepAliveAfterMs = 60_000;

/** TLS handshakes at once, besides the connections that are served: more do not come to their end within 10 s on one core. */
export const handshakesMax = 10_000;

/** A read of so many bytes or more is handled when its turn comes, and nothing more of its connection is read until then. */
const bulkReadBytes = 4_096;

/** What a door for clients needs. */
export interface DoorEdges {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly turn: Turn;
  /** Clients that the server serves at once. */
  readonly connectionsMax: number;
  /** Numbers connections, over all doors of a server. */
  readonly nextConnection: () => number;
  /** Undefined: clients speak without TLS. */
  readonly certificates: Certificates | undefined;
  /** How long a TLS handshake may take, in milliseconds. Left out: 10 s. */
  readonly tlsHandshakeMs?: number | undefined;
  /** TLS handshakes at once; more evict the oldest of the address that has the most. Left out: 10,000. */
  readonly tlsHandshakesMax?: number | undefined;
}

/**
 * Opens a server's door for clients that speak lines over TCP.
 * @throws PortError
 */
export async function listenForClients(edges: DoorEdges, at: ListenAt): Promise<Listening> {
  // Half-open: who has said everything and closed its side still gets its answers.
  const options = { allowHalfOpen: true, noDelay: true };
  const onSocket = (socket: Socket) => welcome(edges, socket);
  const door = { ...at, connectionsMax: edges.connectionsMax };
  if (edges.certificates === undefined) return listen(createServer(options, onSocket), door);
  const { tlsHandshakeMs = tlsHandshakeWithinMs, tlsHandshakesMax = handshakesMax } = edges;
  const pending = new PendingConnections(tlsHandshakesMax, () => undefined);
  const server = createTlsServer({ ...options, handshakeTimeout: tlsHandshakeMs }, (socket) => {
    pending.settle(hostAndPort(socket.remoteAddress, socket.remotePort));
    onSocket(socket);
  });
  pending.watch(server);
  // Node does not close a connection whose handshake takes too long.
  server.on('tlsClientError', (_, socket) => socket.destroy());
  edges.certificates.keep(server);
  return listen(server, { ...door, connectionsMax: edges.connectionsMax + tlsHandshakesMax });
}

function welcome({ bus, clock, turn, nextConnection }: DoorEdges, socket: Socket): void {
  turn.arrived();
  const connection = nextConnection();
  const to = addresses.connection(connection);
  let reason = 'the client closed';
  socket.on('error', (error: NodeJS.ErrnoException) => (reason = error.code ?? error.message));
  const wire = new TcpClientWire(socket, turn, (message) => bus.send(to, message));
  bus.send(addresses.server, { kind: 'client-arrived', connection, wire });
  // Destroyed already if the server is on its way down.
  if (socket.destroyed) return;
  // Of a connection from which nothing more is read, what comes next waits behind the large read.
  const report = (message: ConnectionMessage) =>
    (wire.isHeld ? turn.bulkCommands : turn.commands).ask({ flush: () => wire.report(message) });
  socket.on('data', (chunk) => {
    const message: ConnectionMessage = { kind: 'bytes', chunk, receivedAt: clock.now() };
    if (chunk.length < bulkReadBytes) return report(message);
    wire.hold();
    turn.bulkCommands.ask({
      flush: () => {
        wire.report(message);
        wire.release();
      },
    });
  });
  socket.on('end', () => report({ kind: 'ended', receivedAt: clock.now() }));
  socket.on('close', () => report({ kind: 'closed', reason }));
}

class TcpClientWire implements ClientWire {
  readonly transport = 'tcp';
  readonly far: string;
  private readonly writer: GatheredWriter;
  private state: 'open' | 'destroyed' = 'open';
  /** Whether nothing is read until what was read is handled. */
  isHeld = false;
  private isPaused = false;

  constructor(
    private readonly socket: Socket,
    { clients }: Turn,
    private readonly tell: (message: ConnectionMessage) => void,
  ) {
    this.far = hostAndPort(socket.remoteAddress, socket.remotePort);
    this.writer = new GatheredWriter(socket, clients, () => this.report({ kind: 'drained' }));
  }

  /** Reports something, unless nothing may be reported any more. */
  report(message: ConnectionMessage): void {
    if (this.state === 'open') this.tell(message);
  }

  get backlogBytes(): number {
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

  keepAlive(): void {
    this.socket.setKeepAlive(true, keepAliveAfterMs);
  }

  end(): void {
    this.writer.close();
  }

  destroy(): void {
    this.state = 'destroyed';
    this.socket.destroy();
  }
}
