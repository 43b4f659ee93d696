import type { ByteString } from '../../protocol/bytes.js';
import type { ServerId } from '../../protocol/ids.js';
import { LineFramer } from '../../protocol/line-framer.js';
import { clientAddress } from '../network/simulated-client-door.js';
import type { SimulatedNetwork } from '../network/simulated-network.js';
import type { Socket, SocketHost, SocketListener } from '../network/socket.js';
import type { WorldListener } from '../world.js';

/** The longest line of an answer, in bytes: an upstream's whole response. */
const lineBytesMax = 2 * 1024 * 1024;

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
  private readonly framer = new LineFramer(lineBytesMax);
  private readonly unanswered: ByteString[] = [];
  /** What was said before the server took the call. */
  private unsent: ByteString[] = [];
  /** Lines of an answer that is not whole. */
  private lines: ByteString[] = [];
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
    this.unanswered.push(line);
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
    for (const frame of this.framer.pushText(text)) {
      this.lines.push(typeof frame === 'string' ? frame : frame.start);
      this.takeAnswer();
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
    for (const command of this.unanswered.splice(0)) {
      this.tell({ kind: 'unanswered', client: this.client.name, server, command });
    }
  }

  /** A WHATSAT that finds its client is answered with two lines, all else with one. */
  private takeAnswer(): void {
    const [command = ''] = this.unanswered;
    const isFound = command.startsWith('WHATSAT') && this.lines[0]?.startsWith('AT ') === true;
    if (isFound && this.lines.length < 2) return;
    const { server, lines } = this;
    this.lines = [];
    this.tell({ kind: 'answered', client: this.client.name, server, command: this.unanswered.shift(), lines });
  }
}
