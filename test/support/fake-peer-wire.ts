import type { PeerChannel, PeerChannelListener, Transport } from '../../src/actors/ports/transport.js';
import type { ByteString } from '../../src/protocol/text/bytes.js';
import type { ServerId } from '../../src/protocol/place/ids.js';

/** A wire to another server, over TCP. At its far end is the test, which reports to the listener what shall have happened. */
export class FakePeerWire implements PeerChannel {
  readonly isInProcess: boolean = false;
  readonly sent: ByteString[] = [];
  isWritable = true;
  state: 'open' | 'closed' = 'open';

  constructor(readonly remoteAddress: string) {}

  send(line: ByteString): void {
    if (this.state === 'open') this.sent.push(line);
  }

  close(): void {
    this.state = 'closed';
  }

  /** What was sent since this was last asked. */
  take(): ByteString[] {
    return this.sent.splice(0);
  }
}

/** The same, within one process. */
export class TrustedFakeWire extends FakePeerWire {
  override readonly isInProcess = true;
}

/** A call that was made, and who hears how it goes. */
export interface FakeCall {
  readonly to: ServerId;
  readonly wire: FakePeerWire;
  readonly listener: PeerChannelListener;
}

/** Makes calls that come to what the test wants. */
export class FakeTransport implements Transport {
  readonly calls: FakeCall[] = [];

  dial(to: ServerId, listener: PeerChannelListener): PeerChannel {
    const wire = new FakePeerWire(to);
    this.calls.push({ to, wire, listener });
    return wire;
  }

  /** The last call that was made. */
  get last(): FakeCall {
    const call = this.calls.at(-1);
    if (call === undefined) throw new Error('nobody was called');
    return call;
  }
}
