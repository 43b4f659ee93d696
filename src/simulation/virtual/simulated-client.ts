import type { ByteString } from '../../protocol/text/bytes.js';
import type { ServerId } from '../../protocol/place/ids.js';
import { clientAddress } from '../network/simulated-client-listener.js';
import type { SimulatedNetwork } from '../network/simulated-network.js';
import type { Socket, SocketHost, SocketListener } from '../network/socket.js';
import { OpenCommands } from '../run/pending-commands.js';
import type { WorldListener } from '../environment.js';

/** A phone: speaks the protocol of clients with one server at a time, over a connection that it keeps. */
export class SimulatedClient implements SocketHost {
  readonly life = 'alive';
  private talk: Talk | undefined;

  constructor(
    readonly name: string,
    private readonly network: SimulatedNetwork,
    private readonly tell: WorldListener,
  ) {}

  run(work: () => void): void {
    work();
  }

  /** Sends a command; with another server than before, over a new connection. */
  command(server: ServerId, line: ByteString): void {
    if (this.talk?.server !== server || !this.talk.isOpen) {
      this.talk?.end();
      this.talk = new Talk(this, server, this.tell);
      this.talk.socket = this.network.dial(this, server, clientAddress(server), this.talk);
    }
    this.talk.command(line);
  }
}

/** One connection of a client: its commands, and the answers to them. */
class Talk implements SocketListener {
  socket: Socket | undefined;
  private readonly commands = new OpenCommands();
  /** What was said before the server took the call. */
  private unsent: ByteString[] = [];
  private state: 'calling' | 'talking' | 'over' = 'calling';

  constructor(
    private readonly client: SimulatedClient,
    readonly server: ServerId,
    private readonly tell: WorldListener,
  ) {}

  get isOpen(): boolean {
    return this.state !== 'over';
  }

  command(line: ByteString): void {
    this.tell({ kind: 'asked', client: this.client.name, server: this.server, line });
    this.commands.add(line);
    if (this.state === 'calling') this.unsent.push(line);
    else this.socket?.write(`${line}\n`);
  }

  /** Says no more; the answers that are still to come are still taken. */
  end(): void {
    if (this.state === 'talking') this.socket?.end();
  }

  opened(): void {
    this.state = 'talking';
    for (const line of this.unsent) this.socket?.write(`${line}\n`);
    this.unsent = [];
  }

  bytes(text: ByteString): void {
    for (const { command, lines } of this.commands.take(text)) {
      this.tell({ kind: 'answered', client: this.client.name, server: this.server, command, lines });
    }
  }

  drained(): void {
    // It waits for its answers, not for its questions to be taken.
  }

  ended(): void {
    this.socket?.close();
    this.closed();
  }

  closed(): void {
    if (this.state === 'over') return;
    this.state = 'over';
    const { server } = this;
    for (const command of this.commands.giveUp()) {
      this.tell({ kind: 'unanswered', client: this.client.name, server, command });
    }
  }
}
