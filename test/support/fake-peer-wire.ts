import type { PeerChannel, PeerChannelHandler, Transport } from '../../src/actors/ports/transport.js';
import type { ByteString } from '../../src/protocol/text/bytes.js';
import type { ServerId } from '../../src/protocol/place/ids.js';
import type { LocationBatch } from '../../src/protocol/place/location-batch.js';
import { Lines } from '../../src/protocol/text/lines.js';

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

  sendLocations(batch: LocationBatch): void {
    if (this.state === 'open') this.sent.push(...batch.lines());
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

/** Reports what happens on a channel, as a transport does. */
export class ChannelReporter {
  constructor(private readonly report: PeerChannelHandler) {}

  opened(channel: PeerChannel): void {
    this.report({ kind: 'channel-opened', channel });
  }

  lines(channel: PeerChannel, lines: readonly ByteString[]): void {
    this.report({ kind: 'channel-lines', channel, lines: Lines.of(...lines) });
  }

  drained(channel: PeerChannel): void {
    this.report({ kind: 'channel-drained', channel });
  }

  closed(channel: PeerChannel, reason: string): void {
    this.report({ kind: 'channel-closed', channel, reason });
  }
}

/** What to do on each report of a channel. */
export interface ChannelCallbacks {
  opened?(channel: PeerChannel): void;
  /** Lines of any kind, also those of locations. */
  lines?(channel: PeerChannel, lines: readonly ByteString[]): void;
  drained?(channel: PeerChannel): void;
  closed?(channel: PeerChannel, reason: string): void;
}

/** A handler that calls the callback for each report. */
export function channelHandler(callbacks: ChannelCallbacks): PeerChannelHandler {
  return (message) => {
    const { channel } = message;
    switch (message.kind) {
      case 'channel-opened':
        return callbacks.opened?.(channel);
      case 'channel-lines':
        return callbacks.lines?.(channel, [...message.lines]);
      case 'channel-locations':
        return callbacks.lines?.(channel, [...message.batch.lines()]);
      case 'channel-drained':
        return callbacks.drained?.(channel);
      case 'channel-closed':
        return callbacks.closed?.(channel, message.reason);
    }
  };
}

/** A call that was made, and who hears how it goes. */
export interface FakeCall {
  readonly to: ServerId;
  readonly wire: FakePeerWire;
  readonly listener: ChannelReporter;
}

/** Makes calls that come to what the test wants. */
export class FakeTransport implements Transport {
  readonly calls: FakeCall[] = [];

  dial(to: ServerId, handler: PeerChannelHandler): PeerChannel {
    const wire = new FakePeerWire(to);
    this.calls.push({ to, wire, listener: new ChannelReporter(handler) });
    return wire;
  }

  /** The last call that was made. */
  get last(): FakeCall {
    const call = this.calls.at(-1);
    if (call === undefined) throw new Error('nobody was called');
    return call;
  }
}
