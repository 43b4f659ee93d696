import type { ClientWire } from '../../actors/ports/client-wire.js';
import type { Clock } from '../../actors/ports/clock.js';
import { addresses, type ConnectionMessage } from '../../actors/bus/messages.js';
import type { Address, Bus } from '../../actors/bus/bus.js';
import type { ByteString } from '../../protocol/text/bytes.js';
import type { DoorAddress, SimulatedNetwork } from './simulated-network.js';
import type { Socket, SocketHost, SocketListener } from './socket.js';

/** The address at which a server takes the calls of clients. */
export function clientAddress(server: string): DoorAddress {
  return { address: `${server}/clients`, phase: 'clients' };
}

/** Opens a server's door for clients of the simulated network. */
export function openClientDoor(
  network: SimulatedNetwork,
  { host, bus, clock }: { host: SocketHost; bus: Bus; clock: Clock },
): void {
  let connections = 0;
  network.listen(clientAddress(host.name), {
    host,
    accept: (socket, caller) => {
      const connection = (connections += 1);
      const wire = new SimulatedClientWire(socket, `${caller}:${connection}`, {
        bus,
        clock,
        to: addresses.connection(connection),
      });
      bus.send(addresses.server, { kind: 'client-arrived', connection, wire });
      return wire;
    },
  });
}

/** Where what a client sends goes. */
interface ClientWireEdges {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly to: Address<ConnectionMessage>;
}

class SimulatedClientWire implements ClientWire, SocketListener {
  readonly transport = 'tcp';
  private reading: 'flowing' | 'stopped' = 'flowing';
  private unread: (() => void)[] = [];

  constructor(
    private readonly socket: Socket,
    readonly far: string,
    private readonly edges: ClientWireEdges,
  ) {}

  get backlogBytes(): number {
    return this.socket.backlogBytes;
  }

  write(text: ByteString): void {
    this.socket.write(text);
  }

  pause(): void {
    this.reading = 'stopped';
  }

  resume(): void {
    this.reading = 'flowing';
    const unread = this.unread;
    this.unread = [];
    for (const read of unread) this.read(read);
  }

  keepAlive(): void {
    // Simulated clients do not go away without a word.
  }

  end(): void {
    this.socket.close();
  }

  destroy(): void {
    this.socket.reset();
  }

  opened(): void {
    // Only who dials is told so.
  }

  bytes(text: ByteString): void {
    const { bus, clock, to } = this.edges;
    this.read(() => bus.send(to, { kind: 'bytes', chunk: Buffer.from(text, 'latin1'), receivedAt: clock.now() }));
  }

  drained(): void {
    this.edges.bus.send(this.edges.to, { kind: 'drained' });
  }

  ended(): void {
    const { bus, clock, to } = this.edges;
    this.read(() => bus.send(to, { kind: 'ended', receivedAt: clock.now() }));
  }

  closed(reason: string): void {
    this.edges.bus.send(this.edges.to, { kind: 'closed', reason });
  }

  private read(report: () => void): void {
    if (this.reading === 'flowing') report();
    else this.unread.push(report);
  }
}
