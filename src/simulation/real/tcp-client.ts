import { connect, type Socket } from 'node:net';
import type { ByteString } from '../../protocol/text/bytes.js';
import type { ServerId } from '../../protocol/place/ids.js';
import { PendingCommands } from '../run/pending-commands.js';
import type { SimulationListener } from '../environment.js';

/** Dependencies of a TcpClient. */
export interface TcpClientDependencies {
  readonly emit: SimulationListener;
  readonly nowMs: () => number;
  /** Returns the port where a server accepts clients; 0 for none. */
  readonly clientPort: (server: ServerId) => number;
}

/** A phone that speaks the client protocol with one server at a time, over a persistent TCP connection. */
export class TcpClient {
  private connection: ClientConnection | undefined;

  constructor(
    private readonly name: string,
    private readonly dependencies: TcpClientDependencies,
  ) {}

  /** Sends a command; to another server than before, over a new connection. */
  sendCommand(server: ServerId, line: ByteString): void {
    if (this.connection?.server !== server || !this.connection.isOpen) {
      this.connection?.end();
      this.connection = new ClientConnection(this.name, server, this.dependencies);
    }
    this.connection.sendCommand(line);
  }

  /** Resets the connection if it is to this server, or in any case if none is given. */
  reset(server?: ServerId): void {
    if (server === undefined || this.connection?.server === server) this.connection?.reset();
  }
}

/** One connection of a client, with its pending commands. */
class ClientConnection {
  private readonly socket: Socket;
  private readonly commands = new PendingCommands();
  private state: 'open' | 'closed' = 'open';

  constructor(
    private readonly client: string,
    readonly server: ServerId,
    private readonly dependencies: TcpClientDependencies,
  ) {
    this.socket = connect({ host: '127.0.0.1', port: dependencies.clientPort(server), noDelay: true });
    this.socket.on('data', (bytes) => this.receive(bytes));
    // A rejected or reset connection is handled when it closes.
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => this.close());
  }

  get isOpen(): boolean {
    return this.state === 'open';
  }

  sendCommand(line: ByteString): void {
    const { client, server, dependencies } = this;
    dependencies.emit({ kind: 'command-sent', client, server, line });
    this.commands.add(line);
    const text = `${line}\n`;
    dependencies.emit({ kind: 'delivered', from: client, to: server, sentMs: dependencies.nowMs(), text });
    this.socket.write(text, 'latin1');
  }

  /** Sends nothing more; pending responses are still received. */
  end(): void {
    this.socket.end();
  }

  reset(): void {
    this.socket.resetAndDestroy();
    this.close();
  }

  private receive(bytes: Buffer): void {
    const { client, server, dependencies } = this;
    const text = bytes.toString('latin1');
    dependencies.emit({ kind: 'delivered', from: server, to: client, sentMs: dependencies.nowMs(), text });
    for (const { command, lines } of this.commands.receive(bytes.toString('latin1'))) {
      dependencies.emit({ kind: 'response-received', client, server, command, lines });
    }
  }

  private close(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    const { client, server } = this;
    for (const command of this.commands.abandon())
      this.dependencies.emit({ kind: 'response-lost', client, server, command });
  }
}
