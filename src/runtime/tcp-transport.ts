import { connect, createServer, type Socket } from 'node:net';
import {
  checkServerIdentity,
  connect as connectTls,
  createServer as createTlsServer,
  type Server as TlsServer,
  type TLSSocket,
} from 'node:tls';
import type { AcceptPeer, PeerWire, PeerWireListener, Transport } from '../actors/transport.js';
import type { ByteString } from '../protocol/bytes.js';
import type { ServerId } from '../protocol/ids.js';
import { LineFramer } from '../protocol/line-framer.js';
import { formatPeerLine } from '../protocol/peer-line.js';
import { tlsHandshakeWithinMs, type Certificates } from './certificates.js';
import { GatheredWriter } from './gathered-writer.js';
import { hostAndPort, listen, type ListenAt, type Listening } from './listening.js';
import type { Turn } from './turn.js';

/**
 * Bytes on their way to a neighbour beyond which it counts as slow. It is also what a catch-up puts together in a turn: clients
 * wait that long, some milliseconds.
 */
const roomBytes = 64 * 1024;

/** Lines of a neighbour that are handed on in a turn: clients wait for them, a millisecond or two. */
const linesPerTurn = 128;

/** Connections of servers at once: neighbours are few, and of callers that have not shown who they are 64 are borne with. */
const peersMax = 1_000;

/** What wires over TCP need. */
export interface TcpEdges {
  readonly turn: Turn;
  /** The longest line that a neighbour may send, in bytes; a longer one ends the wire. */
  readonly lineBytesMax: number;
  /** Undefined: servers speak without TLS. */
  readonly certificates: Certificates | undefined;
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
        : connectTls({ ...options, ...certificates.current, servername: to });
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
  const onSocket = (socket: Socket, bears?: PeerWire['bears']): void => {
    const far = hostAndPort(socket.remoteAddress, socket.remotePort);
    const wire: PeerWire = new TcpPeerWire(socket, far, edges, () => listener, bears);
    const listener = accept(wire);
  };
  const { certificates } = edges;
  const door = { ...at, connectionsMax: peersMax };
  if (certificates === undefined)
    return listen(
      createServer({ noDelay: true }, (socket) => onSocket(socket)),
      door,
    );
  const onTlsSocket = (socket: TLSSocket): void => {
    if (socket.authorized) {
      const certificate = socket.getPeerCertificate();
      return onSocket(socket, (name) => checkServerIdentity(name, certificate) === undefined);
    }
    refuse(socket, `${at.owner} does not believe the caller's certificate: ${codeOf(socket)}`, edges, onRefused);
  };
  const server = tlsServer(onTlsSocket, onRefused);
  certificates.keep(server);
  return listen(server, door);
}

function tlsServer(onSocket: (socket: TLSSocket) => void, onRefused: OnRefused): TlsServer {
  // TLS itself would hang up without a word on a caller whose certificate is not right; it shall hear why.
  const options = { requestCert: true, rejectUnauthorized: false, handshakeTimeout: tlsHandshakeWithinMs };
  const server = createTlsServer({ ...options, noDelay: true }, onSocket);
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    onRefused(hostAndPort(socket.remoteAddress, socket.remotePort), `no TLS: ${error.code ?? error.message}`);
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
    readonly bears?: PeerWire['bears'],
  ) {
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
