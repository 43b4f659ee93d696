import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Answers } from './answers.js';
import type { Commands } from './commands.js';
import type { Told } from './load.js';

/** All sockets read into this: what it holds is counted before the next one reads. */
const inBytes = Buffer.allocUnsafe(256 * 1_024);

/** The clients that one connection reports, in turn. */
export interface ClientRange {
  readonly first: number;
  readonly step: number;
  readonly count: number;
}

/**
 * One connection of the load. Its commands stand in a ring of slots, and a slot is written anew only when its last command
 * has been answered; so what the socket has not sent yet stays as it is.
 */
export class LoadConnection {
  sent = 0;
  answered = 0;
  private readonly ring: Buffer;
  private readonly answers: Answers;
  private lastClient = 0;
  private lastStamp = 0;
  private state: 'open' | 'closed' = 'open';

  private constructor(
    private readonly socket: Socket,
    private readonly commands: Commands,
    private readonly clients: ClientRange,
    private readonly slots: number,
  ) {
    this.ring = Buffer.allocUnsafe(slots * commands.bytesEach);
    this.answers = new Answers((index) => commands.asks(index));
  }

  /** @param slots how many commands may be under way */
  static async open(
    port: number,
    commands: Commands,
    clients: ClientRange,
    slots: number,
    onAnswers: (connection: LoadConnection, count: number) => void,
  ): Promise<LoadConnection> {
    const state: { connection?: LoadConnection } = {};
    const callback = (bytes: number): boolean => {
      const { connection } = state;
      if (connection === undefined) return true;
      const count = connection.answers.take(inBytes, bytes);
      connection.answered += count;
      if (count > 0) onAnswers(connection, count);
      return true;
    };
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, onread: { buffer: inBytes, callback } });
    await once(socket, 'connect');
    const connection = new LoadConnection(socket, commands, clients, slots);
    state.connection = connection;
    socket.on('error', () => undefined);
    socket.on('close', () => (connection.state = 'closed'));
    return connection;
  }

  get wrong(): number {
    return this.answers.wrong + (this.state === 'closed' ? this.sent - this.answered : 0);
  }

  get underWay(): number {
    return this.state === 'closed' ? 0 : this.sent - this.answered;
  }

  /** How often each of its clients has had its turn. */
  get rounds(): number {
    return Math.floor(this.answered / this.clients.count);
  }

  /** How many commands more may be under way. */
  get room(): number {
    return this.slots - (this.sent - this.answered);
  }

  /** The report that was sent last. */
  get lastTold(): Told | undefined {
    return this.lastStamp === 0 ? undefined : this.commands.told(this.lastClient, this.lastStamp);
  }

  /** Sends so many commands; there must be room for them. */
  send(count: number): void {
    const { bytesEach } = this.commands;
    const from = this.sent % this.slots;
    for (let index = 0; index < count; index += 1) {
      const at = ((from + index) % this.slots) * bytesEach;
      const client = this.clientOf(this.sent);
      const stamp = this.commands.write(this.ring, at, this.sent, client);
      if (stamp > 0) {
        this.lastClient = client;
        this.lastStamp = stamp;
      }
      this.sent += 1;
    }
    const whole = Math.min(count, this.slots - from);
    if (whole < count) this.socket.cork();
    this.socket.write(this.ring.subarray(from * bytesEach, (from + whole) * bytesEach));
    if (whole === count) return;
    this.socket.write(this.ring.subarray(0, (count - whole) * bytesEach));
    this.socket.uncork();
  }

  close(): void {
    this.socket.destroy();
  }

  private clientOf(index: number): number {
    const { first, step, count } = this.clients;
    return first + step * (index % count);
  }
}
