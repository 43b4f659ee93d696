import { connect, createServer, type Socket } from 'node:net';
import {
  connect as connectTls,
  createServer as createTlsServer,
  type Server as TlsServer,
  type TLSSocket,
} from 'node:tls';
import type { AcceptPeer, PeerWire, PeerWireListener, Transport } from '../../actors/ports/transport.js';
import type { ByteString } from '../../protocol/text/bytes.js';
import type { ServerId } from '../../protocol/place/ids.js';
import { LineFramer } from '../../protocol/text/line-framer.js';
import { formatPeerLine } from '../../protocol/peer/peer-line.js';
import { bearsName, checkName, tlsHandshakeWithinMs, type Certificates } from './certificates.js';
import { GatheredWriter } from './batched-writer.js';
import { hostAndPort, listen, type ListenAt, type Listening } from './listening.js';
import { PendingConnections } from './pending-connections.js';
import type { Turn } from '../time/turn.js';

/**
 * Bytes on their way to a neighbour beyond which it counts as slow. It is also what a catch-up puts together in a turn: clients
 * wait that long, some milliseconds.
 */
const roomBytes = 64 * 1024;

/** Lines of a neighbour that are handed on in a turn: clients wait for them, a millisecond or two. */
const linesPerTurn = 128;

/** Connections of authenticated servers at once. Neighbours are few; a link that is replaced may close slowly. */
const peersMax = 1_000;

/**
 * Connections to the peer port whose far end is not authenticated yet: in the TLS handshake, in the greeting, or refused and not
 * closed yet. No more than the places that the listener has beyond `peersMax`, so strangers cannot use up those of neighbours.
 */
const pendingMax = 256;

const tooManyPending = 'too many connections that have not shown who they are';

/** What wires over TCP need. */
export interface TcpEdges {
  readonly turn: Turn;
  /** The longest line that a neighbour may send, in bytes; a longer one ends the wire. */
  readonly lineBytesMax: number;
  /** Undefined: servers speak without TLS. */
  readonly certificates: Certificates | undefined;
  /** How long a TLS handshake of a caller may take, in milliseconds. Left out: 10 s. */
  readonly tlsHandshakeMs?: number | undefined;
  /** Connections that may be unauthenticated at once. Left out: 256. */
  readonly pendingMax?: number | undefined;
}

/** Reaches other servers over TCP. */
export class TcpTransport implements Transport {
  constructor(
    private readonly edges: TcpEdges,
    private readonly addressOf: (server: ServerId) => { host: string; port: number },
  ) {}

  dial(to: ServerId, listener: PeerWireListener): PeerWire {
    const { host, port } = this.addressOf(to);
    const { certificates } = this.edges;
    const options = { host, port, noDelay: true };
    // The certificate must bear the name of the server that is called, wherever it runs.
    const socket =
      certificates === undefined
        ? connect(options)
        : connectTls({ ...options, ...certificates.current, servername: to, checkServerIdentity: checkName });
    const wire = new TcpPeerWire(socket, hostAndPort(host, port), this.edges, () => listener);
    socket.on(certificates === undefined ? 'connect' : 'secureConnect', () => listener.opened(wire));
    return wire;
  }
}

/** Hears of a caller that TLS did not let in: where it called from, and why it was refused. */
type OnRefused = (far: string, reason: string) => void;

/**
 * Opens a server's port for other servers.
 * @throws PortError
 */
export async function listenForPeers(
  edges: TcpEdges,
  accept: AcceptPeer,
  onRefused: OnRefused,
  at: ListenAt,
): Promise<Listening> {
  const pending = new PendingConnections(edges.pendingMax ?? pendingMax, (far) => onRefused(far, tooManyPending));
  const onSocket = (socket: Socket, bears?: PeerWire['bears']): void => {
    const far = hostAndPort(socket.remoteAddress, socket.remotePort);
    const authenticated = () => pending.settle(far);
    const wire: PeerWire = new TcpPeerWire(socket, far, edges, () => listener, { bears, authenticated });
    const listener = accept(wire);
  };
  const { certificates } = edges;
  const door = { ...at, connectionsMax: peersMax };
  if (certificates === undefined) {
    const server = createServer({ noDelay: true });
    pending.watch(server);
    server.on('connection', (socket) => onSocket(socket));
    return listen(server, door);
  }
  const onTlsSocket = (socket: TLSSocket): void => {
    if (socket.authorized) {
      const certificate = socket.getPeerCertificate();
      return onSocket(socket, (name) => bearsName(certificate, name));
    }
    refuse(socket, `${at.owner} does not believe the caller's certificate: ${codeOf(socket)}`, edges, onRefused);
  };
  const server = tlsServer(onTlsSocket, edges, onRefused);
  pending.watch(server);
  certificates.keep(server);
  return listen(server, door);
}

function tlsServer(
  onSocket: (socket: TLSSocket) => void,
  { tlsHandshakeMs = tlsHandshakeWithinMs }: TcpEdges,
  onRefused: OnRefused,
): TlsServer {
  // TLS itself would hang up without a word on a caller whose certificate is not right; it shall hear why.
  const options = { requestCert: true, rejectUnauthorized: false, handshakeTimeout: tlsHandshakeMs };
  const server = createTlsServer({ ...options, noDelay: true }, onSocket);
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    onRefused(hostAndPort(socket.remoteAddress, socket.remotePort), `no TLS: ${error.code ?? error.message}`);
    // Node does not close a connection whose handshake takes too long.
    socket.destroy();
  });
  return server;
}

/** What is wrong with a certificate, in OpenSSL's words; Node gives a text where its types say that it is an error. */
function codeOf(socket: TLSSocket): string {
  return String(socket.authorizationError);
}

function refuse(socket: TLSSocket, reason: string, edges: TcpEdges, onRefused: OnRefused): void {
  const far = hostAndPort(socket.remoteAddress, socket.remotePort);
  const wire = new TcpPeerWire(socket, far, edges, () => deaf);
  wire.send(formatPeerLine({ kind: 'REFUSED', reason }));
  wire.close();
  onRefused(far, reason);
}

/** Hears nothing of what a caller says that was refused. */
const deaf: PeerWireListener = {
  opened: () => undefined,
  lines: () => undefined,
  drained: () => undefined,
  closed: () => undefined,
};

class TcpPeerWire implements PeerWire {
  readonly trusted = false;
  readonly bears: PeerWire['bears'];
  readonly authenticated: PeerWire['authenticated'];
  private readonly framer: LineFramer;
  private readonly writer: GatheredWriter;
  private reason = 'the far end closed';
  /** Lines that have come in, and have not been handed on. */
  private readonly inbox: ByteString[] = [];

  constructor(
    private readonly socket: Socket,
    readonly far: string,
    { turn, lineBytesMax }: TcpEdges,
    private readonly listener: () => PeerWireListener,
    caller: Pick<PeerWire, 'bears' | 'authenticated'> = {},
  ) {
    this.bears = caller.bears;
    this.authenticated = caller.authenticated;
    this.framer = new LineFramer(lineBytesMax);
    this.writer = new GatheredWriter(socket, turn.links, () => this.listener().drained(this));
    socket.on('data', (chunk) => this.take(chunk));
    socket.on('error', (error: NodeJS.ErrnoException) => (this.reason = error.code ?? error.message));
    socket.on('close', () => {
      if (this.inbox.length > 0) this.listener().lines(this, this.inbox.splice(0));
      this.listener().closed(this, this.reason);
    });
  }

  get hasRoom(): boolean {
    return this.writer.backlogBytes < roomBytes;
  }

  send(line: ByteString): void {
    this.writer.write(`${line}\n`);
  }

  close(): void {
    this.reason = 'closed here';
    if (this.socket.connecting) this.socket.destroy();
    else this.writer.close();
  }

  private take(chunk: Buffer): void {
    for (const frame of this.framer.push(chunk)) {
      if (typeof frame !== 'string') {
        this.inbox.length = 0;
        this.reason = 'the far end sent a line over the limit';
        this.socket.destroy();
        return;
      }
      this.inbox.push(frame);
    }
    this.handOn();
  }

  /** Hands on some lines. Of many, the others have their turn after everybody else; until then nothing more is read. */
  private handOn(): void {
    if (this.inbox.length === 0) return;
    this.listener().lines(this, this.inbox.splice(0, linesPerTurn));
    if (this.inbox.length > 0) {
      this.socket.pause();
      setImmediate(() => this.handOn());
    } else if (this.socket.isPaused()) this.socket.resume();
  }
}
