import { connect, createServer, type Socket } from 'node:net';
import {
  connect as connectTls,
  createServer as createTlsServer,
  type Server as TlsServer,
  type TLSSocket,
} from 'node:tls';
import type { AcceptPeer, PeerChannel, PeerChannelHandler, Transport } from '../../actors/ports/transport.js';
import type { ByteString } from '../../protocol/text/bytes.js';
import type { ServerId } from '../../protocol/place/ids.js';
import type { WordBuffer } from '../../protocol/text/word-buffer.js';
import type { LocationBatch } from '../../protocol/place/location-batch.js';
import { hasOverlongLine, LineInput, linesOf } from '../../protocol/text/line-input.js';
import { formatPeerLine } from '../../protocol/peer/peer-line.js';
import {
  certificateMatchesName,
  checkServerName,
  defaultTlsHandshakeTimeoutMs,
  type Certificates,
} from './certificates.js';
import { maxUnauthenticatedPeers } from '../fixed-limits.js';
import { BatchedWriter } from './batched-writer.js';
import { formatHostPort, listen, type ListenOptions, type Listener } from './listener.js';
import { PendingConnections } from './pending-connections.js';
import { readSocket } from './socket-reader.js';
import type { Turn } from '../time/turn.js';

/**
 * Backlog in bytes from which on a channel is not writable: more than a server under load forwards in a turn, whose locations would
 * otherwise go through the queue of the outbox.
 */
const maxWritableBacklogBytes = 2 * 1024 * 1024;

/** Maximum authenticated connections. Neighbours are few, but replaced connections may close slowly. */
const maxPeers = 1_000;

const tooManyPending = 'too many unauthenticated connections';

/** Dependencies of peer channels over TCP. */
export interface TcpDependencies {
  readonly turn: Turn;
  /** Maximum length of a line in bytes; a longer one closes the connection. */
  readonly maxLineBytes: number;
  /** Undefined for plain TCP. */
  readonly certificates: Certificates | undefined;
  /** Timeout of a TLS handshake of an inbound connection in milliseconds; default 10 s. */
  readonly tlsHandshakeTimeoutMs?: number | undefined;
  /** Maximum unauthenticated connections; default 256. */
  readonly maxPending?: number | undefined;
}

/** Transport to other servers over TCP or TLS. */
export class TcpTransport implements Transport {
  constructor(
    private readonly dependencies: TcpDependencies,
    private readonly addressOf: (server: ServerId) => { host: string; port: number },
  ) {}

  dial(to: ServerId, handler: PeerChannelHandler): PeerChannel {
    const { host, port } = this.addressOf(to);
    const { certificates } = this.dependencies;
    const options = { host, port, noDelay: true };
    // The certificate must have the name of the dialed server, whatever its host.
    const socket =
      certificates === undefined
        ? connect(options)
        : connectTls({ ...options, ...certificates.current, servername: to, checkServerIdentity: checkServerName });
    const wire = new TcpPeerWire(socket, formatHostPort(host, port), this.dependencies, handler);
    socket.on(certificates === undefined ? 'connect' : 'secureConnect', () =>
      handler({ kind: 'channel-opened', channel: wire }),
    );
    return wire;
  }
}

/** Is called for each rejected inbound connection. */
type OnRejected = (remoteAddress: string, reason: string) => void;

/**
 * Listens for other servers.
 * @throws PortError if the port is unavailable
 */
export async function listenForPeers(
  dependencies: TcpDependencies,
  accept: AcceptPeer,
  onRejected: OnRejected,
  listenOptions: ListenOptions,
): Promise<Listener> {
  const pending = new PendingConnections(dependencies.maxPending ?? maxUnauthenticatedPeers, (remoteAddress) =>
    onRejected(remoteAddress, tooManyPending),
  );
  const onSocket = (socket: Socket, certificateMatches?: PeerChannel['certificateMatches']): void => {
    const remoteAddress = formatHostPort(socket.remoteAddress, socket.remotePort);
    const markAuthenticated = () => pending.markAuthenticated(remoteAddress);
    const wire: PeerChannel = new TcpPeerWire(socket, remoteAddress, dependencies, (message) => handler(message), {
      certificateMatches,
      markAuthenticated,
    });
    const handler = accept(wire);
  };
  const { certificates } = dependencies;
  const boundedListenOptions = { ...listenOptions, maxConnections: maxPeers };
  if (certificates === undefined) {
    const server = createServer({ noDelay: true });
    pending.attach(server);
    server.on('connection', (socket) => onSocket(socket));
    return listen(server, boundedListenOptions);
  }
  const onTlsSocket = (socket: TLSSocket): void => {
    if (socket.authorized) {
      const certificate = socket.getPeerCertificate();
      return onSocket(socket, (name) => certificateMatchesName(certificate, name));
    }
    rejectCaller(
      socket,
      `${listenOptions.owner} rejected the certificate: ${tlsErrorCode(socket)}`,
      dependencies,
      onRejected,
    );
  };
  const server = createPeerTlsServer(onTlsSocket, dependencies, onRejected);
  pending.attach(server);
  certificates.attach(server);
  return listen(server, boundedListenOptions);
}

function createPeerTlsServer(
  onSocket: (socket: TLSSocket) => void,
  { tlsHandshakeTimeoutMs = defaultTlsHandshakeTimeoutMs }: TcpDependencies,
  onRejected: OnRejected,
): TlsServer {
  // With rejectUnauthorized the connection would be closed without telling the remote end the reason.
  const options = { requestCert: true, rejectUnauthorized: false, handshakeTimeout: tlsHandshakeTimeoutMs };
  const server = createTlsServer({ ...options, noDelay: true }, onSocket);
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    onRejected(
      formatHostPort(socket.remoteAddress, socket.remotePort),
      `TLS handshake failed: ${error.code ?? error.message}`,
    );
    // Node does not close a connection whose handshake takes too long.
    socket.destroy();
  });
  return server;
}

/** OpenSSL error code of a certificate. Node sets a string, although its types declare an Error. */
function tlsErrorCode(socket: TLSSocket): string {
  return String(socket.authorizationError);
}

function rejectCaller(socket: TLSSocket, reason: string, dependencies: TcpDependencies, onRejected: OnRejected): void {
  const remoteAddress = formatHostPort(socket.remoteAddress, socket.remotePort);
  const wire = new TcpPeerWire(socket, remoteAddress, dependencies, () => undefined);
  wire.send(formatPeerLine({ kind: 'REFUSED', reason }));
  wire.close();
  onRejected(remoteAddress, reason);
}

class TcpPeerWire implements PeerChannel {
  readonly isInProcess = false;
  readonly certificateMatches: PeerChannel['certificateMatches'];
  readonly markAuthenticated: PeerChannel['markAuthenticated'];
  private readonly input: LineInput;
  private readonly writer: BatchedWriter;
  private closeReason = 'the remote end closed';

  constructor(
    private readonly socket: Socket,
    readonly remoteAddress: string,
    private readonly dependencies: TcpDependencies,
    private readonly report: PeerChannelHandler,
    caller: Pick<PeerChannel, 'certificateMatches' | 'markAuthenticated'> = {},
  ) {
    const { turn, maxLineBytes } = dependencies;
    this.certificateMatches = caller.certificateMatches;
    this.markAuthenticated = caller.markAuthenticated;
    this.input = new LineInput(maxLineBytes);
    const onDrained = () => this.report({ kind: 'channel-drained', channel: this });
    this.writer = new BatchedWriter(socket, turn.links, onDrained, undefined);
    readSocket(socket, (buffer, bytes) => this.receive(buffer, bytes));
    socket.on('error', (error: NodeJS.ErrnoException) => (this.closeReason = error.code ?? error.message));
    socket.on('close', () => this.report({ kind: 'channel-closed', channel: this, reason: this.closeReason }));
  }

  get isWritable(): boolean {
    return this.writer.backlogBytes < maxWritableBacklogBytes;
  }

  send(line: ByteString): void {
    this.writer.write(`${line}\n`);
  }

  sendLocations(batch: LocationBatch): void {
    this.writer.writeBytes(batch.buffer, 0, batch.end);
  }

  close(): void {
    this.closeReason = 'closed locally';
    if (this.socket.connecting) this.socket.destroy();
    else this.writer.close();
  }

  /** Delivers the whole lines of a chunk: up to 64 KiB, which delays clients by a few milliseconds at most. */
  private receive(buffer: WordBuffer, bytes: number): void {
    const { maxLineBytes } = this.dependencies;
    for (const region of this.input.push(buffer, 0, bytes)) {
      if (hasOverlongLine(region, maxLineBytes)) {
        this.closeReason = 'the remote end sent a line over the limit';
        return void this.socket.destroy();
      }
      this.report({ kind: 'channel-lines', channel: this, lines: linesOf(region) });
    }
  }
}
