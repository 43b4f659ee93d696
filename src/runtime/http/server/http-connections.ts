import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { AddressQuota } from '../../../actors/client/address-quota.js';
import type { Bus } from '../../../actors/bus/bus.js';
import type { Clock } from '../../../actors/ports/clock.js';
import type { Limits } from '../../../actors/ports/limits.js';
import type { OutputAccount, OutputBudget, OutputHolder } from '../../../actors/client/output-budget.js';
import { hostAndPort, addressOfSocket } from '../../sockets/listening.js';
import { TurnShare } from './turn-share.js';

/** Memory of a request that was read and waits behind another of its connection, in bytes; measured on Node 20. */
const waitingRequestBytes = 2_048;

/** The longest body of a request that is kept, in bytes. */
export const bodyBytesMax = 65_536;

/** The longest body without an account of it, in bytes: most phones send some hundred. */
const unaccountedBodyBytes = 4_096;

/** How often refused connections are told of, in milliseconds. */
const tellEveryMs = 1_000;

/** What the connections of an HTTP server need. */
export interface ConnectionEdges {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly limits: Pick<Limits, 'connectionsMax' | 'httpConnectionsPerAddressMax' | 'stallMs'>;
  readonly outputBudget: OutputBudget;
  /** Hears why a connection is destroyed over which a response is on its way. */
  readonly onDropped: (socket: Socket, reason: string) => void;
}

/**
 * The connections of an HTTP server, as far as they must be bounded:
 *
 * - One request of a connection is served at a time. Those pipelined behind it (RFC 9112, section 9.3.2) wait until its response
 *   is taken, and nothing more is read from the connection meanwhile.
 * - Bytes that clients have yet to take are accounted in the server's output budget, which may drop connections.
 * - A connection that takes nothing of its response for `stallMs` is destroyed.
 * - Connections are bounded per address and in all; one more is destroyed.
 */
export class HttpConnections {
  private readonly connections = new Map<Socket, HttpConnection>();
  /** What ends the counting of a connection, by its remote address and port: over TLS it has two sockets. */
  private readonly counted = new Map<string, () => void>();
  private readonly perAddress: AddressQuota;
  private readonly share: TurnShare;
  /** Connections whose bytes may have changed in this turn of the event loop. */
  private readonly changed = new Set<HttpConnection>();
  private readonly refused: RefusedConnections;

  constructor(private readonly edges: ConnectionEdges) {
    this.perAddress = new AddressQuota(edges.limits.httpConnectionsPerAddressMax);
    this.share = new TurnShare(edges.clock);
    this.refused = new RefusedConnections(edges, () => this.counted.size);
  }

  /** The same listener, called with one request of a connection at a time. */
  oneAtATime(listener: RequestListener): RequestListener {
    return (request, response) => {
      const begin = () =>
        this.share.run(() => {
          if (!request.socket.destroyed) listener(request, response);
        });
      const connection = this.connections.get(request.socket);
      if (connection === undefined) request.socket.destroy();
      else connection.take({ response, begin, bodyBytes: bodyBytesOf(request) });
    };
  }

  /** Bounds the connections of a server. To be called before it listens. */
  watch(server: Server): void {
    // Over TLS a connection counts from its handshake on, and carries requests on another socket.
    const isTls = server.listenerCount('secureConnection') > 0;
    server.prependListener(isTls ? 'secureConnection' : 'connection', (socket: Socket) => this.open(socket));
    server.prependListener('connection', (socket: Socket) => this.count(socket));
    server.setTimeout(this.edges.limits.stallMs, (socket: Socket) => this.timedOut(socket));
  }

  /**
   * Something was written to the connection of a request, or kept for it.
   * @param keptBytes bytes that are kept to be written later
   */
  wrote({ socket }: IncomingMessage, keptBytes = 0): void {
    const connection = this.connections.get(socket);
    if (connection === undefined) return;
    connection.keptBytes = keptBytes;
    this.measureSoon(connection);
  }

  /** Resolves when one more part of some response may be made: requests share each turn of the event loop. */
  turn(): Promise<void> {
    return this.share.next();
  }

  /**
   * Lets go of a connection that changes to another protocol; it is no longer counted.
   * @returns whether it may change: not while one of its requests is being answered
   */
  release(socket: Socket): boolean {
    const connection = this.connections.get(socket);
    if (connection === undefined || connection.isBusy) return false;
    this.forget(connection);
    this.counted.get(farOf(socket))?.();
    return true;
  }

  private count(socket: Socket): void {
    const { connectionsMax, httpConnectionsPerAddressMax } = this.edges.limits;
    const [far, address] = [farOf(socket), addressOfSocket(socket)];
    // A client that reset its connection may use the same port again before the old socket is heard closing.
    this.counted.get(far)?.();
    const problem =
      this.counted.size >= connectionsMax
        ? `there are ${connectionsMax} HTTP connections already`
        : this.perAddress.take(address)
          ? undefined
          : `there are ${httpConnectionsPerAddressMax} HTTP connections from this address already`;
    if (problem !== undefined) {
      socket.destroy();
      return this.refused.add(far, problem);
    }
    const uncount = () => {
      if (this.counted.get(far) !== uncount) return;
      this.counted.delete(far);
      this.perAddress.release(address);
    };
    this.counted.set(far, uncount);
    socket.once('close', uncount);
  }

  private open(socket: Socket): void {
    if (socket.destroyed) return;
    const connection = new HttpConnection(socket, {
      budget: this.edges.outputBudget,
      onChange: () => this.measureSoon(connection),
      onDropped: (reason) => this.edges.onDropped(socket, reason),
    });
    this.connections.set(socket, connection);
    socket.on('drain', () => this.measureSoon(connection));
    socket.once('close', () => this.forget(connection));
  }

  private forget(connection: HttpConnection): void {
    this.connections.delete(connection.socket);
    this.changed.delete(connection);
    connection.close();
  }

  /** Measures at the end of the turn: what the operating system takes at once never waits. */
  private measureSoon(connection: HttpConnection): void {
    if (this.connections.get(connection.socket) !== connection) return;
    if (this.changed.size === 0) setImmediate(() => this.measure());
    this.changed.add(connection);
  }

  private measure(): void {
    const changed = [...this.changed];
    this.changed.clear();
    for (const connection of changed) connection.measure();
  }

  /** Nothing has come or gone for `stallMs`; or, between two requests, for as long as a connection is kept open then. */
  private timedOut(socket: Socket): void {
    const connection = this.connections.get(socket);
    if (connection?.isBusy !== true) socket.destroy();
    else if (socket.writableLength > 0)
      connection.drop(`took nothing for ${this.edges.limits.stallMs / 1_000} s of what waited for it`);
  }
}

/** A request that was read, and its response. */
interface PendingRequest {
  readonly response: ServerResponse;
  readonly begin: () => void;
  /** Memory that its body may take while it is read, in bytes. */
  readonly bodyBytes: number;
}

/** One connection of an HTTP server. */
class HttpConnection implements OutputHolder {
  /** Bytes that are kept to be written to it later. */
  keptBytes = 0;
  private current: PendingRequest | undefined;
  private readonly waiting: PendingRequest[] = [];
  private readonly account: OutputAccount;

  constructor(
    readonly socket: Socket,
    private readonly edges: {
      readonly budget: OutputBudget;
      readonly onChange: () => void;
      readonly onDropped: (reason: string) => void;
    },
  ) {
    this.account = edges.budget.open(this, addressOfSocket(socket));
    // Node resumes a socket whenever a message is complete.
    const resume = socket.resume.bind(socket);
    socket.resume = () => (this.waiting.length > 0 ? socket : resume());
  }

  /** Whether a request is being answered. */
  get isBusy(): boolean {
    return this.current !== undefined;
  }

  take(request: PendingRequest): void {
    if (this.current === undefined) return this.begin(request);
    this.waiting.push(request);
    this.socket.pause();
    this.edges.onChange();
  }

  measure(): void {
    // What is destroyed frees its bytes, and has yet to be heard closing.
    if (this.socket.destroyed) return this.account.close();
    const { current, waiting, keptBytes } = this;
    const waitingBytes = waiting.length * waitingRequestBytes;
    this.account.set(this.socket.writableLength + keptBytes + waitingBytes + (current?.bodyBytes ?? 0));
  }

  drop(reason: string): void {
    this.edges.onDropped(reason);
    this.socket.destroy();
  }

  close(): void {
    this.waiting.length = 0;
    this.account.close();
  }

  private begin(request: PendingRequest): void {
    this.current = request;
    if (request.bodyBytes > 0) this.edges.onChange();
    request.response.once('close', () => this.next());
    request.begin();
  }

  /** The response is taken, or will never be. */
  private next(): void {
    this.current = undefined;
    this.keptBytes = 0;
    this.edges.onChange();
    const request = this.waiting.shift();
    if (request === undefined || !this.socket.writable) return;
    if (this.waiting.length === 0) this.socket.resume();
    this.begin(request);
  }
}

/** Tells of connections that were refused: of the first at once, and of all others once a second together. */
class RefusedConnections {
  private count = 0;
  private timer: unknown;

  constructor(
    private readonly edges: Pick<ConnectionEdges, 'bus' | 'clock'>,
    private readonly connectionsNow: () => number,
  ) {}

  add(far: string, reason: string): void {
    this.count += 1;
    if (this.timer === undefined) this.tell(far, reason);
  }

  private tell(far: string, reason: string): void {
    const { bus, clock } = this.edges;
    const [count, clients] = [this.count, this.connectionsNow()];
    this.count = 0;
    bus.publish({ kind: 'client-refused', transport: 'http', far, reason, clients, count });
    this.timer = clock.setTimeout(() => {
      this.timer = undefined;
      if (this.count > 0) this.tell(far, reason);
    }, tellEveryMs);
  }
}

/** What a request's body may take while it is read: the chunks, and the text that is made of them. A small one is not accounted for. */
function bodyBytesOf({ headers }: IncomingMessage): number {
  const declared = headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : Infinity;
  return declared <= unaccountedBodyBytes ? 0 : 2 * Math.min(declared, bodyBytesMax);
}

function farOf({ remoteAddress, remotePort }: Socket): string {
  return hostAndPort(remoteAddress, remotePort);
}
