import type { ByteString } from '../../protocol/text/bytes.js';
import type { ServerId } from '../../protocol/place/ids.js';
import { clientListenerAddress } from '../network/simulated-client-listener.js';
import type { SimulatedNetwork } from '../network/simulated-network.js';
import type { Socket, SocketHost, SocketListener } from '../network/socket.js';
import { PendingCommands } from '../run/pending-commands.js';
import type { SimulationListener } from '../environment.js';

/** A phone that speaks the client protocol with one server at a time, over a persistent connection. */
export class SimulatedClient implements SocketHost {
  readonly life = 'alive';
  private connection: ClientConnection | undefined;

  constructor(
    readonly name: string,
    private readonly network: SimulatedNetwork,
    private readonly emit: SimulationListener,
  ) {}

  run(work: () => void): void {
    work();
  }

  /** Sends a command; to another server than before, over a new connection. */
  sendCommand(server: ServerId, line: ByteString): void {
    if (this.connection?.server !== server || !this.connection.isOpen) {
      this.connection?.end();
      this.connection = new ClientConnection(this, server, this.emit);
      this.connection.socket = this.network.dial(this, server, clientListenerAddress(server), this.connection);
    }
    this.connection.sendCommand(line);
  }
}

/** One connection of a client, with its pending commands. */
class ClientConnection implements SocketListener {
  socket: Socket | undefined;
  private readonly commands = new PendingCommands();
  /** Commands sent before the server accepted the connection. */
  private queued: ByteString[] = [];
  private state: 'connecting' | 'open' | 'closed' = 'connecting';

  constructor(
    private readonly client: SimulatedClient,
    readonly server: ServerId,
    private readonly emit: SimulationListener,
  ) {}

  get isOpen(): boolean {
    return this.state !== 'closed';
  }

  sendCommand(line: ByteString): void {
    this.emit({ kind: 'command-sent', client: this.client.name, server: this.server, line });
    this.commands.add(line);
    if (this.state === 'connecting') this.queued.push(line);
    else this.socket?.write(`${line}\n`);
  }

  /** Sends nothing more; pending responses are still received. */
  end(): void {
    if (this.state === 'open') this.socket?.end();
  }

  opened(): void {
    this.state = 'open';
    for (const line of this.queued) this.socket?.write(`${line}\n`);
    this.queued = [];
  }

  bytes(text: ByteString): void {
    for (const { command, lines } of this.commands.receive(text)) {
      this.emit({ kind: 'response-received', client: this.client.name, server: this.server, command, lines });
    }
  }

  drained(): void {
    // A client only waits for responses, not for its commands to be sent.
  }

  ended(): void {
    this.socket?.close();
    this.closed();
  }

  closed(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    const { server } = this;
    for (const command of this.commands.abandon()) {
      this.emit({ kind: 'response-lost', client: this.client.name, server, command });
    }
  }
}
