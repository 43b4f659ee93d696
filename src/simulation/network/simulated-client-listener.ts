import type { ClientChannel } from '../../actors/ports/client-channel.js';
import type { Clock } from '../../actors/ports/clock.js';
import { addresses } from '../../actors/addresses.js';
import type { ConnectionMessage } from '../../actors/client/messages.js';
import type { Address, Bus } from '../../actors/bus/bus.js';
import type { ByteString } from '../../protocol/text/bytes.js';
import type { Lines } from '../../protocol/text/lines.js';
import { WordBuffer } from '../../protocol/text/word-buffer.js';
import type { ListenerAddress, SimulatedNetwork } from './simulated-network.js';
import type { Socket, SocketHost, SocketListener } from './socket.js';

/** The address where a server accepts clients. */
export function clientListenerAddress(server: string): ListenerAddress {
  return { address: `${server}/clients`, phase: 'clients' };
}

/** Opens a server's listener for simulated clients. */
export function openClientListener(
  network: SimulatedNetwork,
  { host, bus, clock }: { host: SocketHost; bus: Bus; clock: Clock },
): void {
  let connections = 0;
  network.listen(clientListenerAddress(host.name), {
    host,
    accept: (socket, caller) => {
      const connection = (connections += 1);
      const wire = new SimulatedClientWire(socket, `${caller}:${connection}`, {
        bus,
        clock,
        receiveBuffer: network.receiveBuffer,
        connectionAddress: addresses.connection(connection),
      });
      bus.send(addresses.server, { kind: 'connection-opened', connection, channel: wire });
      return wire;
    },
  });
}

/** Destination of data that a client sends. */
interface ClientWireDependencies {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly receiveBuffer: WordBuffer;
  readonly connectionAddress: Address<ConnectionMessage>;
}

class SimulatedClientWire implements ClientChannel, SocketListener {
  readonly transport = 'tcp';
  private isReading = true;
  private deferredReads: (() => void)[] = [];

  constructor(
    private readonly socket: Socket,
    readonly remoteAddress: string,
    private readonly dependencies: ClientWireDependencies,
  ) {}

  get bufferedBytes(): number {
    return this.socket.backlogBytes;
  }

  writeResponse({ buffer, start, end }: Lines): void {
    this.writeBytes(buffer, start, end);
  }

  writeBytes(buffer: WordBuffer, start: number, end: number): void {
    this.socket.write(buffer.text(start, end));
  }

  pause(): void {
    this.isReading = false;
  }

  resume(): void {
    this.isReading = true;
    const unread = this.deferredReads;
    this.deferredReads = [];
    for (const read of unread) this.deliver(read);
  }

  enableKeepAlive(): void {
    // Simulated clients always close their connections.
  }

  end(): void {
    this.socket.close();
  }

  destroy(): void {
    this.socket.reset();
  }

  opened(): void {
    // Only the dialing side is notified.
  }

  bytes(text: ByteString): void {
    if (!this.isReading) {
      // Several may be delivered in one run of the bus.
      this.deferredReads.push(() => this.reportBytes(WordBuffer.of(text), text.length));
      return;
    }
    const { receiveBuffer } = this.dependencies;
    this.reportBytes(receiveBuffer, receiveBuffer.write(text, 0));
  }

  drained(): void {
    this.dependencies.bus.send(this.dependencies.connectionAddress, { kind: 'drained' });
  }

  ended(): void {
    const { bus, clock, connectionAddress } = this.dependencies;
    this.deliver(() => bus.send(connectionAddress, { kind: 'ended', receivedAt: clock.now() }));
  }

  closed(reason: string): void {
    this.dependencies.bus.send(this.dependencies.connectionAddress, { kind: 'closed', reason });
  }

  private reportBytes(buffer: WordBuffer, end: number): void {
    const { bus, clock, connectionAddress } = this.dependencies;
    bus.send(connectionAddress, { kind: 'bytes', buffer, start: 0, end, receivedAt: clock.now() });
  }

  private deliver(report: () => void): void {
    if (this.isReading) report();
    else this.deferredReads.push(report);
  }
}
