import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { ResponseCounter } from './response-counter.js';
import type { CommandWriter } from './command-writer.js';
import type { AckedReport } from './load.js';

/** Read buffer of all sockets: its content is processed synchronously before the next read. */
const readBuffer = Buffer.allocUnsafe(256 * 1_024);

/** The clients that one connection reports, in rotation. */
export interface ClientRange {
  readonly first: number;
  readonly step: number;
  readonly count: number;
}

/**
 * One connection of the load. Commands are written into a ring of slots. A slot is reused only after its previous command was
 * answered, so bytes that the socket has not sent yet never change.
 */
export class LoadConnection {
  sent = 0;
  answered = 0;
  private readonly ring: Buffer;
  private readonly responses: ResponseCounter;
  private lastClient = 0;
  private lastStamp = 0;
  private isClosed = false;

  private constructor(
    private readonly socket: Socket,
    private readonly commands: CommandWriter,
    private readonly clients: ClientRange,
    private readonly slots: number,
  ) {
    this.ring = Buffer.allocUnsafe(slots * commands.bytesPerCommand);
    commands.fill(this.ring);
    this.responses = new ResponseCounter(commands.isQuery);
  }

  /** Opens a connection. @param slots maximum number of commands in flight */
  static async open(
    port: number,
    commands: CommandWriter,
    clients: ClientRange,
    slots: number,
    onResponses: (connection: LoadConnection, count: number) => void,
  ): Promise<LoadConnection> {
    const holder: { connection?: LoadConnection } = {};
    const callback = (bytes: number): boolean => {
      const { connection } = holder;
      if (connection === undefined) return true;
      const count = connection.responses.receive(readBuffer, bytes);
      connection.answered += count;
      if (count > 0) onResponses(connection, count);
      return true;
    };
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, onread: { buffer: readBuffer, callback } });
    await once(socket, 'connect');
    const connection = new LoadConnection(socket, commands, clients, slots);
    holder.connection = connection;
    socket.on('error', () => undefined);
    socket.on('close', () => (connection.isClosed = true));
    return connection;
  }

  /** Wrong responses, and missing ones if the connection is closed. */
  get wrongCount(): number {
    return this.responses.wrongCount + (this.isClosed ? this.sent - this.answered : 0);
  }

  get pending(): number {
    return this.isClosed ? 0 : this.sent - this.answered;
  }

  /** Number of complete rotations through the clients. */
  get rounds(): number {
    return Math.floor(this.answered / this.clients.count);
  }

  /** Number of further commands that can be sent now. */
  get freeSlots(): number {
    return this.slots - (this.sent - this.answered);
  }

  /** The last report that was sent. */
  get lastReport(): AckedReport | undefined {
    return this.lastStamp === 0 ? undefined : this.commands.reportAt(this.lastClient, this.lastStamp);
  }

  /** Sends `count` commands, which must not exceed `freeSlots`. */
  send(count: number): void {
    const { bytesPerCommand } = this.commands;
    const from = this.sent % this.slots;
    for (let index = 0; index < count; index += 1) {
      const at = ((from + index) % this.slots) * bytesPerCommand;
      const client = this.clientAt(this.sent);
      const stamp = this.commands.write(this.ring, at, client);
      if (stamp > 0) {
        this.lastClient = client;
        this.lastStamp = stamp;
      }
      this.sent += 1;
    }
    const contiguous = Math.min(count, this.slots - from);
    if (contiguous < count) this.socket.cork();
    this.socket.write(this.ring.subarray(from * bytesPerCommand, (from + contiguous) * bytesPerCommand));
    if (contiguous === count) return;
    this.socket.write(this.ring.subarray(0, (count - contiguous) * bytesPerCommand));
    this.socket.uncork();
  }

  close(): void {
    this.socket.destroy();
  }

  private clientAt(index: number): number {
    const { first, step, count } = this.clients;
    return first + step * (index % count);
  }
}
