import type { Clock } from '../../actors/ports/clock.js';
import type { ByteString } from '../../protocol/text/bytes.js';
import type { OneWay } from '../network/one-way.js';
import type { SimulatedNetwork } from '../network/simulated-network.js';
import type { SocketHost } from '../network/socket.js';

/** Unanswered PINGs after which a connection counts as lost when the next one is due (`maxPingOut` of the NATS client). */
const maxUnansweredPings = 2;

/** Reason of a connection whose remote end does not exist any more. */
const resetReason = 'the connection was reset';

/** How one end of a connection behaves. */
export interface EndSettings {
  readonly host: SocketHost;
  /** The clock of the host. */
  readonly clock: Clock;
  readonly pingMs: number;
  /** Bytes in flight beyond which the remote end counts as a slow consumer, and the connection is closed. */
  readonly maxPendingBytes: number;
  /** Called once if the connection is lost, or closed by the remote end. */
  readonly onClosed: (reason: string) => void;
}

/**
 * One end of a connection of the broker, with a client or between two nodes. Messages arrive complete, once and in order, and
 * only while both ends are open: what arrives at a closed end is answered with a reset, as by an operating system.
 */
export class ConnectionEnd {
  private state: 'open' | 'closed' = 'open';
  private remote: ConnectionEnd | undefined;
  private unreceivedBytes = 0;
  private unansweredPings = 0;
  private pingTimer: unknown;

  private constructor(
    private readonly way: OneWay,
    private readonly settings: EndSettings,
  ) {}

  /** Connects two hosts. Both ends are open at once; what the first one sends tells the second about it. */
  static connect(network: SimulatedNetwork, one: EndSettings, other: EndSettings): [ConnectionEnd, ConnectionEnd] {
    const first = new ConnectionEnd(network.openOneWay(one.host, other.host), one);
    const second = new ConnectionEnd(network.openOneWay(other.host, one.host), other);
    first.remote = second;
    second.remote = first;
    return [first, second];
  }

  get isOpen(): boolean {
    return this.state === 'open';
  }

  /** Bytes sent that the process at the remote end has not received. */
  get inFlightBytes(): number {
    return this.unreceivedBytes;
  }

  /** Sends a PING at each interval. Closes if none of the last ones was answered. */
  startPinging(): void {
    if (!this.isOpen) return;
    this.pingTimer = this.settings.clock.setTimeout(() => this.ping(), this.settings.pingMs);
  }

  /** @param onArrival runs in the remote process if its end is open when the message arrives */
  send(text: ByteString, onArrival: () => void): void {
    if (!this.isOpen) return;
    if (this.unreceivedBytes > this.settings.maxPendingBytes) return this.fail('slow consumer');
    this.transmit(text, () => this.remote?.receive(onArrival));
  }

  /** Closes after what was sent. */
  close(reason = ''): void {
    if (!this.isOpen) return;
    this.becomeClosed();
    this.transmit(reason === '' ? 'FIN\n' : `-ERR '${reason}'\n`, () => this.remote?.closedByRemote(reason));
  }

  /** Closes as the operating system of an ended process does. */
  reset(reason = resetReason): void {
    if (!this.isOpen) return;
    this.becomeClosed();
    this.sendReset(reason);
  }

  /** Closes, and reports it. */
  fail(reason: string): void {
    if (!this.isOpen) return;
    this.close(reason);
    this.settings.onClosed(reason);
  }

  private ping(): void {
    if (this.unansweredPings >= maxUnansweredPings) return this.fail('stale connection');
    this.unansweredPings += 1;
    this.send('PING\n', () => this.remote?.pong());
    this.startPinging();
  }

  private pong(): void {
    this.send('PONG\n', () => {
      if (this.remote !== undefined) this.remote.unansweredPings = 0;
    });
  }

  private receive(onArrival: () => void): void {
    if (this.isOpen) return onArrival();
    this.sendReset(resetReason);
  }

  private sendReset(reason: string): void {
    this.transmit('RST\n', () => this.remote?.closedByRemote(reason));
  }

  private closedByRemote(reason: string): void {
    if (!this.isOpen) return;
    this.becomeClosed();
    this.settings.onClosed(reason === '' ? 'the remote end closed' : reason);
  }

  private becomeClosed(): void {
    this.state = 'closed';
    this.settings.clock.clearTimeout(this.pingTimer);
    if (this.remote?.isOpen !== false) return;
    // Neither end waits for anything any more.
    this.way.end();
    this.remote.way.end();
  }

  private transmit(text: ByteString, onArrival: () => void): void {
    this.unreceivedBytes += text.length;
    this.way.send(text, () => {
      this.unreceivedBytes -= text.length;
      onArrival();
    });
  }
}
