import type { ByteString } from '../../protocol/text/bytes.js';
import type { FlushScheduler } from '../../runtime/time/flush-order.js';
import type { Segment, Stream, StreamSink } from './stream.js';

/** Who holds one end of connections: a process, or a client. */
export interface SocketHost {
  readonly name: string;
  /** Whether the process is there at all. A stopped one is: its system goes on taking what comes. */
  readonly life: 'alive' | 'dead';
  /** Does work of the process: now, or when it runs again; never if it is dead. */
  run(work: () => void): void;
}

/** What a socket reports. Nothing follows `closed`. */
export interface SocketListener {
  opened(): void;
  /** Bytes as latin1 text. */
  bytes(text: ByteString): void;
  /** There is room again after a large backlog. */
  drained(): void;
  /** The far end will send no more. */
  ended(): void;
  closed(reason: string): void;
}

/** The bytes of one segment at most: what an Ethernet frame carries of TCP. */
export const segmentBytesMax = 1_448;

/** What sockets need of the network they are in. */
export interface SocketEdges {
  /** What the operating systems keep of a connection in both its buffers before the writer notices. */
  readonly bufferBytes: number;
  nowMs(): number;
  /** Tells of bytes that arrived. */
  carried(from: SocketHost, to: SocketHost, segment: Segment): void;
  /** A process has written something. */
  wrote(host: SocketHost, stream: Stream, segment: Segment): void;
  forget(socket: Socket): void;
}

/** One end of a connection over the simulated network. */
export class Socket implements StreamSink {
  /** What this end sends. */
  out: Stream | undefined;
  far: Socket | undefined;
  listener: SocketListener | undefined;
  private state: 'connecting' | 'open' | 'ended' | 'closed' = 'connecting';
  private gathered: ByteString = '';
  /** Bytes sent that the far end has not taken in. */
  private outstandingBytes = 0;
  private load: 'light' | 'heavy' = 'light';

  constructor(
    readonly host: SocketHost,
    /** When what was written is sent. */
    private readonly scheduler: FlushScheduler,
    private readonly edges: SocketEdges,
  ) {}

  get isOpen(): boolean {
    return this.state !== 'closed';
  }

  /** Bytes written that the operating system has not taken. */
  get backlogBytes(): number {
    return Math.max(0, this.gathered.length + this.outstandingBytes - this.edges.bufferBytes);
  }

  /** All bytes under way from here, with those in the buffers of both systems. */
  get underWayBytes(): number {
    return this.gathered.length + this.outstandingBytes;
  }

  write(text: ByteString): void {
    if (this.state === 'closed' || this.state === 'ended') return;
    if (this.gathered === '') this.scheduler.ask(this);
    this.gathered += text;
  }

  flush(): void {
    const text = this.takeGathered();
    if (this.state !== 'closed') this.sendBytes(text);
  }

  private takeGathered(): ByteString {
    const text = this.gathered;
    this.gathered = '';
    return text;
  }

  private sendBytes(text: ByteString): void {
    if (text === '') return;
    this.outstandingBytes += text.length;
    // A backlog above this is followed by a report that it is gone.
    if (this.backlogBytes > this.edges.bufferBytes / 2) this.load = 'heavy';
    if (text.length <= segmentBytesMax) return this.send('data', text);
    for (let start = 0; start < text.length; start += segmentBytesMax) {
      this.send('data', text.slice(start, start + segmentBytesMax));
    }
  }

  /** Says that no more will be sent, after what was written. */
  end(): void {
    if (this.state !== 'open') return;
    this.flush();
    this.state = 'ended';
    this.send('end');
  }

  /** Closes after what was written; `closed` is reported here at the end of the turn. */
  close(): void {
    if (this.state === 'closed') return;
    // What was written goes out in its time, and not before: links may have to be written first.
    const [rest, isToEnd] = [this.state === 'open' ? this.takeGathered() : '', this.state === 'open'];
    this.state = 'closed';
    this.edges.forget(this);
    const flush = (): void => {
      this.sendBytes(rest);
      if (isToEnd) this.send('end');
      this.report((listener) => listener.closed('closed here'));
    };
    this.scheduler.ask({ flush });
  }

  /** Closes without a report, and tells the far end what the system of a killed process tells. */
  reset(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.listener = undefined;
    this.edges.forget(this);
    this.out?.abandon();
    this.send('reset');
  }

  /** The far end took the call. */
  open(): void {
    if (this.state !== 'connecting') return;
    this.state = 'open';
  }

  /** Sends without the process: what its system says of itself. */
  send(kind: Segment['kind'], text: ByteString = ''): void {
    if (this.out === undefined) return;
    const segment: Segment = { kind, text, sentMs: this.edges.nowMs() };
    this.out.send(segment);
    if (kind === 'data') this.edges.wrote(this.host, this.out, segment);
  }

  arrived(segment: Segment): void {
    const { far } = this;
    if (far !== undefined) far.take(segment, this);
  }

  gaveUp(): void {
    this.lose('ETIMEDOUT');
    this.far?.lose('ETIMEDOUT');
  }

  /** The connection is gone. */
  lose(reason: string): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.edges.forget(this);
    this.out?.abandon();
    this.report((listener) => listener.closed(reason));
  }

  /** What comes from the far end: the system takes it, and passes it on when the process runs. */
  private take(segment: Segment, from: Socket): void {
    if (this.host.life === 'dead' || this.state === 'closed') return this.refuse(segment, from);
    switch (segment.kind) {
      case 'answer':
        this.open();
        return this.report((listener) => listener.opened());
      case 'data':
        return this.takeBytes(segment, from);
      case 'end':
        return this.report((listener) => listener.ended());
      case 'reset':
        return this.lose(this.state === 'connecting' ? 'ECONNREFUSED' : 'ECONNRESET');
      case 'call':
        return;
    }
  }

  /** Nobody is here any more: who sends hears so, but for the last words of a connection that ends. */
  private refuse({ kind, text }: Segment, from: Socket): void {
    if (kind === 'data') from.taken(text.length);
    if (kind === 'data' || kind === 'answer') this.send('reset');
  }

  private takeBytes(segment: Segment, from: Socket): void {
    this.edges.carried(from.host, this.host, segment);
    this.host.run(() => {
      if (this.isOpen) this.listener?.bytes(segment.text);
      from.taken(segment.text.length);
    });
  }

  private taken(bytes: number): void {
    this.outstandingBytes -= bytes;
    if (this.load === 'light' || this.backlogBytes > 0) return;
    this.load = 'light';
    if (this.isOpen) this.host.run(() => this.listener?.drained());
  }

  private report(tell: (listener: SocketListener) => void): void {
    this.host.run(() => {
      if (this.listener !== undefined) tell(this.listener);
    });
  }
}
