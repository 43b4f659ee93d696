import type { AcceptPeer, PeerChannel, PeerChannelHandler, Transport } from '../../actors/ports/transport.js';
import type { ByteString } from '../../protocol/text/bytes.js';
import type { ServerId } from '../../protocol/place/ids.js';
import { LocationBatch } from '../../protocol/place/location-batch.js';
import { Lines } from '../../protocol/text/lines.js';
import type { FlushScheduler, Flushable } from '../time/flush-order.js';

/** Lines in one direction from which on a channel is not writable: more than a server under load forwards in a turn. */
const maxInboxLines = 8_192;

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

/** What one end has sent and the other has not received: lines as text, or locations. */
type Parcel = ByteString[] | LocationBatch;

/** One end of a channel in memory. */
class InProcessWire implements PeerChannel, Flushable {
  readonly isInProcess = true;
  private inbox: Parcel[] = [];
  private inboxLines = 0;
  private state: 'open' | 'closing' | 'closed' = 'open';
  private closeReason = '';
  private peer: InProcessWire | undefined;
  private report: PeerChannelHandler | undefined;
  private isFlushScheduled = false;
  /** A batch that has been delivered, to be used again. */
  private spareBatch: LocationBatch | undefined;

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
    return (this.peer?.inboxLines ?? 0) < maxInboxLines;
  }

  send(line: ByteString): void {
    if (this.state === 'open') this.peer?.receiveLine(line);
  }

  sendLocations(batch: LocationBatch): void {
    if (this.state === 'open') this.peer?.receiveLocations(batch);
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
    const { inbox, inboxLines } = this;
    this.inbox = [];
    this.inboxLines = 0;
    if (this.state === 'closed') return;
    for (const parcel of inbox) this.deliver(parcel);
    if (inboxLines >= maxInboxLines) this.peer?.notifyDrained();
    if (this.state !== 'closing') return;
    this.state = 'closed';
    this.report?.({ kind: 'channel-closed', channel: this, reason: this.closeReason });
  }

  private deliver(parcel: Parcel): void {
    if (!(parcel instanceof LocationBatch)) {
      return this.report?.({ kind: 'channel-lines', channel: this, lines: Lines.of(...parcel) });
    }
    this.report?.({ kind: 'channel-locations', channel: this, batch: parcel });
    this.spareBatch = parcel;
  }

  private receiveLine(line: ByteString): void {
    if (this.state !== 'open') return;
    const last = this.inbox.at(-1);
    if (Array.isArray(last)) last.push(line);
    else this.inbox.push([line]);
    this.inboxLines += 1;
    this.scheduleFlush();
  }

  private receiveLocations(batch: LocationBatch): void {
    if (this.state !== 'open') return;
    let last = this.inbox.at(-1);
    if (!(last instanceof LocationBatch)) {
      last = (this.spareBatch ?? new LocationBatch()).clear();
      this.spareBatch = undefined;
      this.inbox.push(last);
    }
    last.appendAll(batch);
    this.inboxLines += batch.count;
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
