import type { AcceptPeer, PeerWire, PeerWireListener, Transport } from '../../actors/ports/transport.js';
import type { ByteString } from '../../protocol/text/bytes.js';
import type { ServerId } from '../../protocol/place/ids.js';
import type { FlushScheduler, Gatherer } from '../time/flush-order.js';

/** Lines that may be under way in one direction before a wire has no room: a page of a catch-up a round. */
const roomLines = 500;

/** Connects the servers of one process. Lines written in one round of deliveries arrive together in the next. */
export class InProcessNetwork {
  private readonly listening = new Map<ServerId, AcceptPeer>();

  constructor(private readonly deliveries: FlushScheduler) {}

  /** Takes calls to a server, until it is told otherwise. */
  listen(server: ServerId, accept: AcceptPeer): void {
    this.listening.set(server, accept);
  }

  /** Takes no more calls to a server. */
  unlisten(server: ServerId): void {
    this.listening.delete(server);
  }

  /** How a server of this process reaches the others. */
  transportOf(from: ServerId): Transport {
    return { dial: (to, listener) => this.dial(from, to, listener) };
  }

  private dial(from: ServerId, to: ServerId, listener: PeerWireListener): PeerWire {
    const near = new InProcessWire(to, this.deliveries);
    const far = new InProcessWire(from, this.deliveries);
    near.connect(far);
    near.report(listener);
    this.deliveries.ask({
      flush: () => {
        if (!near.isOpen) return;
        const accept = this.listening.get(to);
        if (accept === undefined) return near.hearClose('nobody listens');
        // Before it is accepted: whoever takes the call may say something at once, or refuse it.
        far.connect(near);
        far.report(accept(far));
        listener.opened(near);
      },
    });
    return near;
  }
}

/** One end of a wire: what is sent into it comes out of the other. */
class InProcessWire implements PeerWire, Gatherer {
  readonly trusted = true;
  private inbox: ByteString[] = [];
  private state: 'open' | 'far end closed' | 'closed' = 'open';
  private closeReason = '';
  private other: InProcessWire | undefined;
  private listener: PeerWireListener | undefined;
  private flushing: 'not asked' | 'asked' = 'not asked';

  constructor(
    readonly far: string,
    private readonly deliveries: FlushScheduler,
  ) {}

  connect(other: InProcessWire): void {
    this.other = other;
  }

  report(listener: PeerWireListener): void {
    this.listener = listener;
  }

  get isOpen(): boolean {
    return this.state === 'open';
  }

  get hasRoom(): boolean {
    return (this.other?.inbox.length ?? 0) < roomLines;
  }

  send(line: ByteString): void {
    if (this.state === 'open') this.other?.hear(line);
  }

  close(): void {
    this.hearClose('closed here');
    this.other?.hearClose('the far end closed');
  }

  hearClose(reason: string): void {
    if (this.state !== 'open') return;
    this.state = 'far end closed';
    this.closeReason = reason;
    this.askForFlush();
  }

  flush(): void {
    this.flushing = 'not asked';
    const lines = this.inbox;
    this.inbox = [];
    if (this.state === 'closed') return;
    if (lines.length > 0) this.listener?.lines(this, lines);
    if (lines.length >= roomLines) this.other?.hearDrained();
    if (this.state !== 'far end closed') return;
    this.state = 'closed';
    this.listener?.closed(this, this.closeReason);
  }

  private hear(line: ByteString): void {
    if (this.state !== 'open') return;
    this.inbox.push(line);
    this.askForFlush();
  }

  private hearDrained(): void {
    if (this.state === 'open') this.listener?.drained(this);
  }

  private askForFlush(): void {
    if (this.flushing === 'asked') return;
    this.flushing = 'asked';
    this.deliveries.ask(this);
  }
}
