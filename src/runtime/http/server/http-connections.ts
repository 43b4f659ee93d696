import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { AddressQuota } from '../../../actors/client/address-quota.js';
import type { Bus } from '../../../actors/bus/bus.js';
import type { Clock } from '../../../actors/ports/clock.js';
import type { Limits } from '../../../actors/ports/limits.js';
import type { OutputAccount, OutputBudget, OutputHolder } from '../../../actors/client/output-budget.js';
import { formatHostPort, remoteAddressOfSocket } from '../../sockets/listener.js';
import { TurnShare } from './turn-share.js';

/** Memory of a pipelined request that waits for the previous one, in bytes; measured on Node 20. */
const pipelinedRequestBytes = 2_048;

/** Maximum length of a request body, in bytes. */
export const maxBodyBytes = 65_536;

/** Maximum length of a body that is not accounted in the output budget, in bytes: most trackers send a few hundred. */
const unaccountedBodyBytes = 4_096;

/** Minimum interval between two events about rejected connections, in milliseconds. */
const rejectionReportIntervalMs = 1_000;

export interface HttpConnectionsOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly limits: Pick<Limits, 'maxConnections' | 'maxHttpConnectionsPerAddress' | 'writeTimeoutMs'>;
  readonly outputBudget: OutputBudget;
  /** Called when a connection is destroyed during a response. */
  readonly onDropped: (socket: Socket, reason: string) => void;
}

/**
 * Limits of the connections of an HTTP server:
 *
 * - One request of a connection is served at a time. Pipelined ones (RFC 9112, section 9.3.2) wait until its response is sent, and
 *   the connection is not read meanwhile.
 * - Unsent bytes are accounted in the server's output budget, which may drop connections.
 * - A connection that reads nothing of its response for `writeTimeoutMs` is destroyed.
 * - The number of connections is limited, per address and in total. One more is destroyed.
 */
export class HttpConnections {
  private readonly connections = new Map<Socket, HttpConnection>();
  /** Releases the slot of a connection, by its remote address and port: over TLS it has two sockets. */
  private readonly releaseByRemote = new Map<string, () => void>();
  private readonly perAddress: AddressQuota;
  private readonly turnShare: TurnShare;
  /** Connections to be measured at the end of this turn of the event loop. */
  private readonly changed = new Set<HttpConnection>();
  private readonly rejections: RejectionReporter;

  constructor(private readonly options: HttpConnectionsOptions) {
    this.perAddress = new AddressQuota(options.limits.maxHttpConnectionsPerAddress);
    this.turnShare = new TurnShare(options.clock);
    this.rejections = new RejectionReporter(options, () => this.releaseByRemote.size);
  }

  /** Wraps a listener so that it is called with one request of a connection at a time. */
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

  /** Applies the limits to a server. To be called before it listens. */
  attach(server: Server): void {
    // Over TLS a connection counts from its handshake on, and carries requests on another socket.
    const isTls = server.listenerCount('secureConnection') > 0;
    server.prependListener(isTls ? 'secureConnection' : 'connection', (socket: Socket) => this.track(socket));
    server.prependListener('connection', (socket: Socket) => this.countConnection(socket));
    server.setTimeout(this.options.limits.writeTimeoutMs, (socket: Socket) => this.handleTimeout(socket));
  }

  /**
   * Records that output was written to the connection of a request, or queued for it.
   * @param pendingBytes bytes queued elsewhere, to be written later
   */
  recordWrite({ socket }: IncomingMessage, pendingBytes = 0): void {
    const connection = this.connections.get(socket);
    if (connection === undefined) return;
    connection.pendingBytes = pendingBytes;
    this.scheduleMeasure(connection);
  }

  /** Resolves when the next part of a response may be built: requests share each turn of the event loop. */
  nextTurn(): Promise<void> {
    return this.turnShare.next();
  }

  /**
   * Releases a connection that changes to another protocol.
   * @returns false if a request of it is being answered, so that it cannot change
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
    // A client that reset its connection may reuse the port before the old socket emits `close`.
    this.releaseByRemote.get(remoteAddress)?.();
    const problem =
      this.releaseByRemote.size >= maxConnections
        ? `too many HTTP connections (limit ${maxConnections})`
        : this.perAddress.tryAcquire(address)
          ? undefined
          : `too many HTTP connections from this address (limit ${maxHttpConnectionsPerAddress})`;
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

  /** Schedules a measurement at the end of the turn: bytes that the operating system takes at once are not counted. */
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

  /** Called when nothing was sent or received for `writeTimeoutMs`, or for the keep-alive timeout between two requests. */
  private handleTimeout(socket: Socket): void {
    const connection = this.connections.get(socket);
    if (connection?.isBusy !== true) socket.destroy();
    else if (socket.writableLength > 0)
      connection.drop(`read nothing of its response for ${this.options.limits.writeTimeoutMs / 1_000} s`);
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
  /** Bytes queued elsewhere, to be written later. */
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
    // Node resumes a socket whenever a message is complete, also if it was paused because of pipelined requests.
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
    // Its bytes are freed, although it has not emitted `close` yet.
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

  /** Called when a response is sent, or was given up. */
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

/** Publishes rejected connections: the first at once, further ones in one event per second. */
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

/** Memory of a body while it is read: chunks and text. 0 for a short one. */
function bodyBytesOf({ headers }: IncomingMessage): number {
  const declared = headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : Infinity;
  return declared <= unaccountedBodyBytes ? 0 : 2 * Math.min(declared, maxBodyBytes);
}

function remoteAddressOf({ remoteAddress, remotePort }: Socket): string {
  return formatHostPort(remoteAddress, remotePort);
}
