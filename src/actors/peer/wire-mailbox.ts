import type { ByteString } from '../../protocol/text/bytes.js';
import type { Address, Bus } from '../bus/bus.js';
import type { PeerWireMessage } from '../bus/messages.js';
import type { PeerWire, PeerWireListener } from '../ports/transport.js';

/** Sends what a wire reports to the actor that owns it. */
export class WireMailbox implements PeerWireListener {
  private state: 'open' | 'closed' = 'open';

  /** @param owner who gets the messages; it may hand the wire on by changing this */
  constructor(
    private readonly bus: Bus,
    public owner: Address<PeerWireMessage>,
  ) {}

  /** Whether the wire is yet to report that it is closed. */
  get isOpen(): boolean {
    return this.state === 'open';
  }

  opened(wire: PeerWire): void {
    this.bus.send(this.owner, { kind: 'wire-opened', wire });
  }

  lines(wire: PeerWire, lines: readonly ByteString[]): void {
    this.bus.send(this.owner, { kind: 'wire-lines', wire, lines });
  }

  drained(wire: PeerWire): void {
    this.bus.send(this.owner, { kind: 'wire-drained', wire });
  }

  closed(wire: PeerWire, reason: string): void {
    this.state = 'closed';
    this.bus.send(this.owner, { kind: 'wire-closed', wire, reason });
  }
}
