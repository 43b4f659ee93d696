import type { ByteString } from '../../protocol/text/bytes.js';
import type { Address, Bus } from '../bus/bus.js';
import type { PeerChannelMessage } from './messages.js';
import type { PeerChannel, PeerChannelListener } from '../ports/transport.js';

/** Sends what a wire reports to the actor that owns it. */
export class PeerChannelAdapter implements PeerChannelListener {
  private state: 'open' | 'closed' = 'open';

  /** @param owner who gets the messages; it may hand the wire on by changing this */
  constructor(
    private readonly bus: Bus,
    public owner: Address<PeerChannelMessage>,
  ) {}

  /** Whether the wire is yet to report that it is closed. */
  get isOpen(): boolean {
    return this.state === 'open';
  }

  opened(channel: PeerChannel): void {
    this.bus.send(this.owner, { kind: 'channel-opened', channel });
  }

  lines(channel: PeerChannel, lines: readonly ByteString[]): void {
    this.bus.send(this.owner, { kind: 'channel-lines', channel, lines });
  }

  drained(channel: PeerChannel): void {
    this.bus.send(this.owner, { kind: 'channel-drained', channel });
  }

  closed(channel: PeerChannel, reason: string): void {
    this.state = 'closed';
    this.bus.send(this.owner, { kind: 'channel-closed', channel, reason });
  }
}
