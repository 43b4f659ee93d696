import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { FaultyConnection, type Toxic } from './faulty-connection.js';
import { ShapedConnection, type NetworkShaper } from './shaped-connection.js';
import type { Direction, Endpoint, ProxiedConnection } from './proxied-connection.js';

const host = '127.0.0.1';

/**
 * A TCP proxy that does to connections what networks do. Bytes that it passes on wait for room, as without it.
 *
 * With a carrier they go over paths, as in the simulated network, and those are broken and mended. Without one they are passed
 * on as they come, or as `set` says.
 */
export class FaultProxy {
  private readonly toxics: Record<Direction, Toxic> = { upstream: { kind: 'pass' }, downstream: { kind: 'pass' } };
  private readonly connections = new Set<ProxiedConnection>();
  private server: Server | undefined;
  private listeningPort = 0;
  private acceptedCount = 0;

  /** @param target the port of this machine that is behind the proxy; 0 for none, and whoever calls is reset */
  constructor(
    private target: number,
    private readonly shaper?: NetworkShaper,
  ) {}

  /** Begins to take calls: at any free port at first, and at the same one each time after that. */
  async start(): Promise<void> {
    // Half-open, because a side that is closed is passed on like everything else.
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (caller) => this.accept(caller));
    server.listen({ host, port: this.listeningPort });
    await once(server, 'listening');
    this.server = server;
    this.listeningPort = (server.address() as AddressInfo).port;
  }

  /** Resets every connection, and refuses those who call now. */
  async stop(): Promise<void> {
    const server = this.server;
    this.server = undefined;
    const closed = server === undefined ? undefined : once(server, 'close');
    server?.close();
    this.cut();
    await closed;
  }

  /** The port to call instead of the target. */
  get port(): number {
    return this.listeningPort;
  }

  /** How many calls it has taken. */
  get connectionCount(): number {
    return this.acceptedCount;
  }

  /** Has another port behind it from now on, or none, which is 0. Connections that there are stay. */
  setTarget(target: number): void {
    this.target = target;
  }

  /** Without a carrier: does this with what comes from now on, on every connection, in one direction or both. */
  setToxic(toxic: Toxic, ...directions: readonly Direction[]): void {
    for (const direction of directions.length === 0 ? (['upstream', 'downstream'] as const) : directions) {
      this.toxics[direction] = toxic;
    }
  }

  /** Resets every connection, on both sides. Those who call again get through. */
  cut(): void {
    for (const connection of [...this.connections]) connection.cut();
  }

  /** Breaks every connection as the system of a killed process does, which held the far end of this socket. */
  resetEndpoint(endpoint: Endpoint): void {
    for (const connection of this.connections) connection.resetEndpoint(endpoint);
  }

  /** Ends one direction of every connection in good order, though nobody has closed it. What still comes is lost. */
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
