import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { AddressQuota } from '../../../actors/client/address-quota.js';
import type { Bus } from '../../../actors/bus/bus.js';
import type { Clock } from '../../../actors/ports/clock.js';
import type { Limits } from '../../../actors/ports/limits.js';
import type { OutputAccount, OutputBudget, OutputHolder } from '../../../actors/client/output-budget.js';
import { formatHostPort, remoteAddressOfSocket } from '../../sockets/listener.js';
import { TurnShare } from './turn-share.js';

/** Memory of a request that was read and waits behind another of its connection, in bytes; measured on Node 20. */
const pipelinedRequestBytes = 2_048;

/** The longest body of a request that is kept, in bytes. */
export const maxBodyBytes = 65_536;

/** The longest body without an account of it, in bytes: most phones send some hundred. */
const unaccountedBodyBytes = 4_096;

/** How often refused connections are told of, in milliseconds. */
const rejectionReportIntervalMs = 1_000;

/** What the connections of an HTTP server need. */
export interface HttpConnectionsOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly limits: Pick<Limits, 'maxConnections' | 'maxHttpConnectionsPerAddress' | 'writeTimeoutMs'>;
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
 * - A connection that takes nothing of its response for `writeTimeoutMs` is destroyed.
 * - Connections are bounded per address and in all; one more is destroyed.
 */
export class HttpConnections {
  private readonly connections = new Map<Socket, HttpConnection>();
  /** What ends the counting of a connection, by its remote address and port: over TLS it has two sockets. */
  private readonly releaseByRemote = new Map<string, () => void>();
  private readonly perAddress: AddressQuota;
  private readonly turnShare: TurnShare;
  /** Connections whose bytes may have changed in this turn of the event loop. */
  private readonly changed = new Set<HttpConnection>();
  private readonly rejections: RejectionReporter;

  constructor(private readonly options: HttpConnectionsOptions) {
    this.perAddress = new AddressQuota(options.limits.maxHttpConnectionsPerAddress);
    this.turnShare = new TurnShare(options.clock);
    this.rejections = new RejectionReporter(options, () => this.releaseByRemote.size);
  }

  /** The same listener, called with one request of a connection at a time. */
  serializeRequests(listener: RequestListener): RequestListener {
    return (request, response) => {
      const start = () =>
        this.turnShare.run(() => {
          if (!request.socket.destroyed) listener(request, response);
        });
      const connection = this.connections.get(request.socket);
      if (connection === undefined) request.socket.destroy();
      else connection.enqueue({ response, start, bodyBytes: bodyBytesOf(request) });
    };
  }

  /** Bounds the connections of a server. To be called before it listens. */
  attach(server: Server): void {
    // Over TLS a connection counts from its handshake on, and carries requests on another socket.
    const isTls = server.listenerCount('secureConnection') > 0;
    server.prependListener(isTls ? 'secureConnection' : 'connection', (socket: Socket) => this.track(socket));
    server.prependListener('connection', (socket: Socket) => this.countConnection(socket));
    server.setTimeout(this.options.limits.writeTimeoutMs, (socket: Socket) => this.handleTimeout(socket));
  }

  /**
   * Something was written to the connection of a request, or kept for it.
   * @param pendingBytes bytes that are kept to be written later
   */
  recordWrite({ socket }: IncomingMessage, pendingBytes = 0): void {
    const connection = this.connections.get(socket);
    if (connection === undefined) return;
    connection.pendingBytes = pendingBytes;
    this.scheduleMeasure(connection);
  }

  /** Resolves when one more part of some response may be made: requests share each turn of the event loop. */
  nextTurn(): Promise<void> {
    return this.turnShare.next();
  }

  /**
   * Lets go of a connection that changes to another protocol; it is no longer counted.
   * @returns whether it may change: not while one of its requests is being answered
   */
  release(socket: Socket): boolean {
    const connection = this.connections.get(socket);
    if (connection === undefined || connection.isBusy) return false;
    this.untrack(connection);
    this.releaseByRemote.get(remoteAddressOf(socket))?.();
    return true;
  }

  private countConnection(socket: Socket): void {
    const { maxConnections, maxHttpConnectionsPerAddress } = this.options.limits;
    const [remoteAddress, address] = [remoteAddressOf(socket), remoteAddressOfSocket(socket)];
    // A client that reset its connection may use the same port again before the old socket is heard closing.
    this.releaseByRemote.get(remoteAddress)?.();
    const problem =
      this.releaseByRemote.size >= maxConnections
        ? `there are ${maxConnections} HTTP connections already`
        : this.perAddress.tryAcquire(address)
          ? undefined
          : `there are ${maxHttpConnectionsPerAddress} HTTP connections from this address already`;
    if (problem !== undefined) {
      socket.destroy();
      return this.rejections.add(remoteAddress, problem);
    }
    const release = () => {
      if (this.releaseByRemote.get(remoteAddress) !== release) return;
      this.releaseByRemote.delete(remoteAddress);
      this.perAddress.release(address);
    };
    this.releaseByRemote.set(remoteAddress, release);
    socket.once('close', release);
  }

  private track(socket: Socket): void {
    if (socket.destroyed) return;
    const connection = new HttpConnection(socket, {
      budget: this.options.outputBudget,
      onChange: () => this.scheduleMeasure(connection),
      onDropped: (reason) => this.options.onDropped(socket, reason),
    });
    this.connections.set(socket, connection);
    socket.on('drain', () => this.scheduleMeasure(connection));
    socket.once('close', () => this.untrack(connection));
  }

  private untrack(connection: HttpConnection): void {
    this.connections.delete(connection.socket);
    this.changed.delete(connection);
    connection.close();
  }

  /** Measures at the end of the turn: what the operating system takes at once never waits. */
  private scheduleMeasure(connection: HttpConnection): void {
    if (this.connections.get(connection.socket) !== connection) return;
    if (this.changed.size === 0) setImmediate(() => this.measureChanged());
    this.changed.add(connection);
  }

  private measureChanged(): void {
    const changed = [...this.changed];
    this.changed.clear();
    for (const connection of changed) connection.measure();
  }

  /** Nothing has come or gone for `writeTimeoutMs`; or, between two requests, for as long as a connection is kept open then. */
  private handleTimeout(socket: Socket): void {
    const connection = this.connections.get(socket);
    if (connection?.isBusy !== true) socket.destroy();
    else if (socket.writableLength > 0)
      connection.drop(`took nothing for ${this.options.limits.writeTimeoutMs / 1_000} s of what waited for it`);
  }
}

/** A request that was read, and its response. */
interface PendingRequest {
  readonly response: ServerResponse;
  readonly start: () => void;
  /** Memory that its body may take while it is read, in bytes. */
  readonly bodyBytes: number;
}

/** One connection of an HTTP server. */
class HttpConnection implements OutputHolder {
  /** Bytes that are kept to be written to it later. */
  pendingBytes = 0;
  private current: PendingRequest | undefined;
  private readonly pipelined: PendingRequest[] = [];
  private readonly account: OutputAccount;

  constructor(
    readonly socket: Socket,
    private readonly options: {
      readonly budget: OutputBudget;
      readonly onChange: () => void;
      readonly onDropped: (reason: string) => void;
    },
  ) {
    this.account = options.budget.open(this, remoteAddressOfSocket(socket));
    // Node resumes a socket whenever a message is complete.
    const resume = socket.resume.bind(socket);
    socket.resume = () => (this.pipelined.length > 0 ? socket : resume());
  }

  /** Whether a request is being answered. */
  get isBusy(): boolean {
    return this.current !== undefined;
  }

  enqueue(request: PendingRequest): void {
    if (this.current === undefined) return this.start(request);
    this.pipelined.push(request);
    this.socket.pause();
    this.options.onChange();
  }

  measure(): void {
    // What is destroyed frees its bytes, and has yet to be heard closing.
    if (this.socket.destroyed) return this.account.close();
    const { current, pipelined, pendingBytes } = this;
    const pipelinedBytes = pipelined.length * pipelinedRequestBytes;
    this.account.set(this.socket.writableLength + pendingBytes + pipelinedBytes + (current?.bodyBytes ?? 0));
  }

  drop(reason: string): void {
    this.options.onDropped(reason);
    this.socket.destroy();
  }

  close(): void {
    this.pipelined.length = 0;
    this.account.close();
  }

  private start(request: PendingRequest): void {
    this.current = request;
    if (request.bodyBytes > 0) this.options.onChange();
    request.response.once('close', () => this.startNext());
    request.start();
  }

  /** The response is taken, or will never be. */
  private startNext(): void {
    this.current = undefined;
    this.pendingBytes = 0;
    this.options.onChange();
    const request = this.pipelined.shift();
    if (request === undefined || !this.socket.writable) return;
    if (this.pipelined.length === 0) this.socket.resume();
    this.start(request);
  }
}

/** Tells of connections that were refused: of the first at once, and of all others once a second together. */
class RejectionReporter {
  private count = 0;
  private timer: unknown;

  constructor(
    private readonly options: Pick<HttpConnectionsOptions, 'bus' | 'clock'>,
    private readonly countConnections: () => number,
  ) {}

  add(remoteAddress: string, reason: string): void {
    this.count += 1;
    if (this.timer === undefined) this.publish(remoteAddress, reason);
  }

  private publish(remoteAddress: string, reason: string): void {
    const { bus, clock } = this.options;
    const [count, clients] = [this.count, this.countConnections()];
    this.count = 0;
    bus.publish({ kind: 'client-rejected', transport: 'http', remoteAddress, reason, clients, count });
    this.timer = clock.setTimeout(() => {
      this.timer = undefined;
      if (this.count > 0) this.publish(remoteAddress, reason);
    }, rejectionReportIntervalMs);
  }
}

/** What a request's body may take while it is read: the chunks, and the text that is made of them. A small one is not accounted for. */
function bodyBytesOf({ headers }: IncomingMessage): number {
  const declared = headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : Infinity;
  return declared <= unaccountedBodyBytes ? 0 : 2 * Math.min(declared, maxBodyBytes);
}

function remoteAddressOf({ remoteAddress, remotePort }: Socket): string {
  return formatHostPort(remoteAddress, remotePort);
}
