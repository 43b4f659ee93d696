import { connect, type Socket } from 'node:net';
import type { ByteString } from '../../protocol/text/bytes.js';
import type { ServerId } from '../../protocol/place/ids.js';
import { OpenCommands } from '../run/pending-commands.js';
import type { WorldListener } from '../environment.js';

/** What clients need. */
export interface TcpClientEdges {
  readonly tell: WorldListener;
  readonly nowMs: () => number;
  /** The port at which a server takes clients; 0 for one that takes none. */
  readonly portOf: (server: ServerId) => number;
}

/** A phone: speaks the protocol of clients with one server at a time, over a TCP connection that it keeps. */
export class TcpClient {
  private talk: Talk | undefined;

  constructor(
    private readonly name: string,
    private readonly edges: TcpClientEdges,
  ) {}

  /** Sends a command; with another server than before, over a new connection. */
  command(server: ServerId, line: ByteString): void {
    if (this.talk?.server !== server || !this.talk.isOpen) {
      this.talk?.end();
      this.talk = new Talk(this.name, server, this.edges);
    }
    this.talk.command(line);
  }

  /** Resets the connection if it is with this server; with any if none is named. */
  cut(server?: ServerId): void {
    if (server === undefined || this.talk?.server === server) this.talk?.cut();
  }
}

/** One connection of a client: its commands, and the answers to them. */
class Talk {
  private readonly socket: Socket;
  private readonly commands = new OpenCommands();
  private state: 'open' | 'over' = 'open';

  constructor(
    private readonly client: string,
    readonly server: ServerId,
    private readonly edges: TcpClientEdges,
  ) {
    this.socket = connect({ host: '127.0.0.1', port: edges.portOf(server), noDelay: true });
    this.socket.on('data', (bytes) => this.take(bytes));
    // Who is refused or reset finds its connection closed.
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => this.close());
  }

  get isOpen(): boolean {
    return this.state === 'open';
  }

  command(line: ByteString): void {
    const { client, server, edges } = this;
    edges.tell({ kind: 'asked', client, server, line });
    this.commands.add(line);
    const text = `${line}\n`;
    edges.tell({ kind: 'carried', from: client, to: server, sentMs: edges.nowMs(), text });
    this.socket.write(text, 'latin1');
  }

  /** Says no more; the answers that are still to come are still taken. */
  end(): void {
    this.socket.end();
  }

  cut(): void {
    this.socket.resetAndDestroy();
    this.close();
  }

  private take(bytes: Buffer): void {
    const { client, server, edges } = this;
    const text = bytes.toString('latin1');
    edges.tell({ kind: 'carried', from: server, to: client, sentMs: edges.nowMs(), text });
    for (const { command, lines } of this.commands.take(bytes.toString('latin1'))) {
      edges.tell({ kind: 'answered', client, server, command, lines });
    }
  }

  private close(): void {
    if (this.state === 'over') return;
    this.state = 'over';
    const { client, server } = this;
    for (const command of this.commands.giveUp()) this.edges.tell({ kind: 'unanswered', client, server, command });
  }
}
