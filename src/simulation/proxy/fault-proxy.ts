import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { FaultyConnection, type Toxic } from './faulty-connection.js';
import { ShapedConnection, type NetworkShaper } from './shaped-connection.js';
import type { Direction, Endpoint, ProxiedConnection } from './proxied-connection.js';

const host = '127.0.0.1';

/**
 * A TCP proxy that injects network faults. It applies back-pressure: bytes are read only as fast as they can be forwarded.
 *
 * With a shaper, bytes travel over simulated paths, which can be broken and healed. Without one, they are forwarded as they
 * arrive, or as `setToxic` says.
 */
export class FaultProxy {
  private readonly toxics: Record<Direction, Toxic> = { upstream: { kind: 'pass' }, downstream: { kind: 'pass' } };
  private readonly connections = new Set<ProxiedConnection>();
  private server: Server | undefined;
  private listeningPort = 0;
  private acceptedCount = 0;

  /** @param target the local port behind the proxy; 0 for none: then connections are reset */
  constructor(
    private target: number,
    private readonly shaper?: NetworkShaper,
  ) {}

  /** Starts listening: first at any free port, later at the same port. */
  async start(): Promise<void> {
    // Half-open, because the end of one direction is forwarded like everything else.
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (caller) => this.accept(caller));
    server.listen({ host, port: this.listeningPort });
    await once(server, 'listening');
    this.server = server;
    this.listeningPort = (server.address() as AddressInfo).port;
  }

  /** Resets every connection and stops accepting new ones. */
  async stop(): Promise<void> {
    const server = this.server;
    this.server = undefined;
    const closed = server === undefined ? undefined : once(server, 'close');
    server?.close();
    this.cut();
    await closed;
  }

  /** The port to connect to instead of the target. */
  get port(): number {
    return this.listeningPort;
  }

  /** Number of connections accepted so far. */
  get connectionCount(): number {
    return this.acceptedCount;
  }

  /** Changes the port behind the proxy; 0 for none. Existing connections stay. */
  setTarget(target: number): void {
    this.target = target;
  }

  /**
   * Without a shaper: applies a toxic to everything that arrives from now on, on all connections, in the given directions or in
   * both.
   */
  setToxic(toxic: Toxic, ...directions: readonly Direction[]): void {
    for (const direction of directions.length === 0 ? (['upstream', 'downstream'] as const) : directions) {
      this.toxics[direction] = toxic;
    }
  }

  /** Resets every connection on both sides. New connections are accepted. */
  cut(): void {
    for (const connection of [...this.connections]) connection.cut();
  }

  /** Closes every connection as the operating system of a killed process at this endpoint does. */
  resetEndpoint(endpoint: Endpoint): void {
    for (const connection of this.connections) connection.resetEndpoint(endpoint);
  }

  /**
   * Ends one direction of every connection in an orderly way, although neither side has closed it. What still arrives is lost.
   */
  halfClose(direction: Direction): void {
    for (const connection of this.connections) connection.halfClose(direction);
  }

  private accept(client: Socket): void {
    this.acceptedCount += 1;
    const connection = this.connect(client);
    this.connections.add(connection);
    void connection.ended.then(() => this.connections.delete(connection));
  }

  private connect(client: Socket): ProxiedConnection {
    if (this.shaper !== undefined) return new ShapedConnection(client, () => this.connectToTarget(), this.shaper);
    return new FaultyConnection(client, this.connectToTarget(), (direction) => this.toxics[direction]);
  }

  private connectToTarget(): Socket {
    return connect({ host, port: this.target, allowHalfOpen: true, noDelay: true });
  }
}
