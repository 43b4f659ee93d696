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
import { LineFramer } from '../../protocol/text/line-framer.js';
import { formatPeerLine } from '../../protocol/peer/peer-line.js';
import {
  certificateMatchesName,
  checkServerName,
  defaultTlsHandshakeTimeoutMs,
  type Certificates,
} from './certificates.js';
import { BatchedWriter } from './batched-writer.js';
import { formatHostPort, listen, type ListenOptions, type Listener } from './listener.js';
import { PendingConnections } from './pending-connections.js';
import type { Turn } from '../time/turn.js';

/**
 * Bytes on their way to a neighbour beyond which it counts as slow. It is also what a catch-up puts together in a turn: clients
 * wait that long, some milliseconds.
 */
const maxWritableBacklogBytes = 64 * 1024;

/** Lines of a neighbour that are handed on in a turn: clients wait for them, a millisecond or two. */
const maxLinesPerTurn = 128;

/** Connections of authenticated servers at once. Neighbours are few; a link that is replaced may close slowly. */
const maxPeers = 1_000;

/**
 * Connections to the peer port whose far end is not authenticated yet: in the TLS handshake, in the greeting, or refused and not
 * closed yet. No more than the places that the listener has beyond `maxPeers`, so strangers cannot use up those of neighbours.
 */
const defaultMaxPending = 256;

const tooManyPending = 'too many unauthenticated connections';

/** What wires over TCP need. */
export interface TcpDependencies {
  readonly turn: Turn;
  /** The longest line that a neighbour may send, in bytes; a longer one ends the wire. */
  readonly maxLineBytes: number;
  /** Undefined: servers speak without TLS. */
  readonly certificates: Certificates | undefined;
  /** How long a TLS handshake of a caller may take, in milliseconds. Left out: 10 s. */
  readonly tlsHandshakeTimeoutMs?: number | undefined;
  /** Connections that may be unauthenticated at once. Left out: 256. */
  readonly maxPending?: number | undefined;
}

/** Reaches other servers over TCP. */
export class TcpTransport implements Transport {
  constructor(
    private readonly dependencies: TcpDependencies,
    private readonly addressOf: (server: ServerId) => { host: string; port: number },
  ) {}

  dial(to: ServerId, handler: PeerChannelHandler): PeerChannel {
    const { host, port } = this.addressOf(to);
    const { certificates } = this.dependencies;
    const options = { host, port, noDelay: true };
    // The certificate must bear the name of the server that is called, wherever it runs.
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

/** Hears of a caller that TLS did not let in: where it called from, and why it was refused. */
type OnRejected = (remoteAddress: string, reason: string) => void;

/**
 * Opens a server's port for other servers.
 * @throws PortError
 */
export async function listenForPeers(
  dependencies: TcpDependencies,
  accept: AcceptPeer,
  onRejected: OnRejected,
  listenOptions: ListenOptions,
): Promise<Listener> {
  const pending = new PendingConnections(dependencies.maxPending ?? defaultMaxPending, (remoteAddress) =>
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
      `${listenOptions.owner} does not believe the caller's certificate: ${tlsErrorCode(socket)}`,
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
  // TLS itself would hang up without a word on a caller whose certificate is not right; it shall hear why.
  const options = { requestCert: true, rejectUnauthorized: false, handshakeTimeout: tlsHandshakeTimeoutMs };
  const server = createTlsServer({ ...options, noDelay: true }, onSocket);
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    onRejected(formatHostPort(socket.remoteAddress, socket.remotePort), `no TLS: ${error.code ?? error.message}`);
    // Node does not close a connection whose handshake takes too long.
    socket.destroy();
  });
  return server;
}

/** What is wrong with a certificate, in OpenSSL's words; Node gives a text where its types say that it is an error. */
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
  private readonly framer: LineFramer;
  private readonly writer: BatchedWriter;
  private closeReason = 'the far end closed';
  /** Lines that have come in, and have not been handed on. */
  private readonly inbox: ByteString[] = [];

  constructor(
    private readonly socket: Socket,
    readonly remoteAddress: string,
    { turn, maxLineBytes }: TcpDependencies,
    private readonly report: PeerChannelHandler,
    caller: Pick<PeerChannel, 'certificateMatches' | 'markAuthenticated'> = {},
  ) {
    this.certificateMatches = caller.certificateMatches;
    this.markAuthenticated = caller.markAuthenticated;
    this.framer = new LineFramer(maxLineBytes);
    this.writer = new BatchedWriter(socket, turn.links, () => this.report({ kind: 'channel-drained', channel: this }));
    socket.on('data', (chunk) => this.receive(chunk));
    socket.on('error', (error: NodeJS.ErrnoException) => (this.closeReason = error.code ?? error.message));
    socket.on('close', () => {
      if (this.inbox.length > 0) this.report({ kind: 'channel-lines', channel: this, lines: this.inbox.splice(0) });
      this.report({ kind: 'channel-closed', channel: this, reason: this.closeReason });
    });
  }

  get isWritable(): boolean {
    return this.writer.backlogBytes < maxWritableBacklogBytes;
  }

  send(line: ByteString): void {
    this.writer.write(`${line}\n`);
  }

  close(): void {
    this.closeReason = 'closed here';
    if (this.socket.connecting) this.socket.destroy();
    else this.writer.close();
  }

  private receive(chunk: Buffer): void {
    for (const frame of this.framer.push(chunk)) {
      if (typeof frame !== 'string') {
        this.inbox.length = 0;
        this.closeReason = 'the far end sent a line over the limit';
        this.socket.destroy();
        return;
      }
      this.inbox.push(frame);
    }
    this.deliver();
  }

  /** Hands on some lines. Of many, the others have their turn after everybody else; until then nothing more is read. */
  private deliver(): void {
    if (this.inbox.length === 0) return;
    this.report({ kind: 'channel-lines', channel: this, lines: this.inbox.splice(0, maxLinesPerTurn) });
    if (this.inbox.length > 0) {
      this.socket.pause();
      setImmediate(() => this.deliver());
    } else if (this.socket.isPaused()) this.socket.resume();
  }
}
