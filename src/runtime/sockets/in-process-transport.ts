import type { AcceptPeer, PeerChannel, PeerChannelHandler, Transport } from '../../actors/ports/transport.js';
import type { ByteString } from '../../protocol/text/bytes.js';
import type { ServerId } from '../../protocol/place/ids.js';
import type { FlushScheduler, Flushable } from '../time/flush-order.js';

/** Lines in one direction from which on a channel is not writable: about a page of catch-up per round. */
const maxInboxLines = 500;

/** Connects servers of one process in memory. Lines sent in one round of deliveries arrive together in the next. */
export class InProcessNetwork {
  private readonly acceptors = new Map<ServerId, AcceptPeer>();

  constructor(private readonly deliveries: FlushScheduler) {}

  /** Accepts connections to a server until `unlisten`. */
  listen(server: ServerId, accept: AcceptPeer): void {
    this.acceptors.set(server, accept);
  }

  /** Stops accepting connections to a server. */
  unlisten(server: ServerId): void {
    this.acceptors.delete(server);
  }

  /** Transport by which a server reaches the others of this process. */
  transportOf(from: ServerId): Transport {
    return { dial: (to, handler) => this.dial(from, to, handler) };
  }

  private dial(from: ServerId, to: ServerId, handler: PeerChannelHandler): PeerChannel {
    const localEnd = new InProcessWire(to, this.deliveries);
    const remoteEnd = new InProcessWire(from, this.deliveries);
    localEnd.connect(remoteEnd);
    localEnd.setHandler(handler);
    this.deliveries.schedule({
      flush: () => {
        if (!localEnd.isOpen) return;
        const accept = this.acceptors.get(to);
        if (accept === undefined) return localEnd.receiveClose('not listening');
        // Before it is accepted, because the acceptor may send or close at once.
        remoteEnd.connect(localEnd);
        remoteEnd.setHandler(accept(remoteEnd));
        handler({ kind: 'channel-opened', channel: localEnd });
      },
    });
    return localEnd;
  }
}

/** One end of a channel in memory. */
class InProcessWire implements PeerChannel, Flushable {
  readonly isInProcess = true;
  private inbox: ByteString[] = [];
  private state: 'open' | 'closing' | 'closed' = 'open';
  private closeReason = '';
  private peer: InProcessWire | undefined;
  private report: PeerChannelHandler | undefined;
  private isFlushScheduled = false;

  constructor(
    readonly remoteAddress: string,
    private readonly deliveries: FlushScheduler,
  ) {}

  connect(other: InProcessWire): void {
    this.peer = other;
  }

  setHandler(handler: PeerChannelHandler): void {
    this.report = handler;
  }

  get isOpen(): boolean {
    return this.state === 'open';
  }

  get isWritable(): boolean {
    return (this.peer?.inbox.length ?? 0) < maxInboxLines;
  }

  send(line: ByteString): void {
    if (this.state === 'open') this.peer?.receive(line);
  }

  close(): void {
    this.receiveClose('closed locally');
    this.peer?.receiveClose('the remote end closed');
  }

  receiveClose(reason: string): void {
    if (this.state !== 'open') return;
    this.state = 'closing';
    this.closeReason = reason;
    this.scheduleFlush();
  }

  flush(): void {
    this.isFlushScheduled = false;
    const lines = this.inbox;
    this.inbox = [];
    if (this.state === 'closed') return;
    if (lines.length > 0) this.report?.({ kind: 'channel-lines', channel: this, lines });
    if (lines.length >= maxInboxLines) this.peer?.notifyDrained();
    if (this.state !== 'closing') return;
    this.state = 'closed';
    this.report?.({ kind: 'channel-closed', channel: this, reason: this.closeReason });
  }

  private receive(line: ByteString): void {
    if (this.state !== 'open') return;
    this.inbox.push(line);
    this.scheduleFlush();
  }

  private notifyDrained(): void {
    if (this.state === 'open') this.report?.({ kind: 'channel-drained', channel: this });
  }

  private scheduleFlush(): void {
    if (this.isFlushScheduled) return;
    this.isFlushScheduled = true;
    this.deliveries.schedule(this);
  }
}
