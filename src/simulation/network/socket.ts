import type { ByteString } from '../../protocol/text/bytes.js';
import type { FlushScheduler } from '../../runtime/time/flush-order.js';
import type { Segment, Stream, StreamSink } from './stream.js';

/** Owner of one end of connections: a process, or a client. */
export interface SocketHost {
  readonly name: string;
  /** Whether the process exists. A paused process does: its operating system still accepts data. */
  readonly life: 'alive' | 'dead';
  /** Runs work of the process: now, or when it is resumed; never if it is dead. */
  run(work: () => void): void;
}

/** Callbacks of a socket. Nothing follows `closed`. */
export interface SocketListener {
  opened(): void;
  /** Bytes as latin1 text. */
  bytes(text: ByteString): void;
  /** There is room again after a large backlog. */
  drained(): void;
  /** The remote end will send no more. */
  ended(): void;
  closed(reason: string): void;
}

/** Maximum payload of a segment: what an Ethernet frame carries of TCP. */
export const maxSegmentBytes = 1_448;

/** What sockets need from their network. */
export interface SocketDependencies {
  /** Bytes that the operating systems buffer per connection, on both ends, before the writer notices. */
  readonly bufferBytes: number;
  nowMs(): number;
  /** Called when a segment has arrived. */
  delivered(from: SocketHost, to: SocketHost, segment: Segment): void;
  /** Called when a process has written something. */
  recordWrite(host: SocketHost, stream: Stream, segment: Segment): void;
  release(socket: Socket): void;
}

/** One end of a connection over the simulated network. */
export class Socket implements StreamSink {
  /** Carries what this end sends. */
  out: Stream | undefined;
  remote: Socket | undefined;
  listener: SocketListener | undefined;
  private state: 'connecting' | 'open' | 'ended' | 'closed' = 'connecting';
  private unsent: ByteString = '';
  /** Bytes sent that the remote end has not received. */
  private unacknowledgedBytes = 0;
  private load: 'light' | 'heavy' = 'light';

  constructor(
    readonly host: SocketHost,
    /** Decides when written data is sent. */
    private readonly scheduler: FlushScheduler,
    private readonly dependencies: SocketDependencies,
  ) {}

  get isOpen(): boolean {
    return this.state !== 'closed';
  }

  /** Bytes written that the operating system has not accepted. */
  get backlogBytes(): number {
    return Math.max(0, this.unsent.length + this.unacknowledgedBytes - this.dependencies.bufferBytes);
  }

  /** All bytes in flight from here, including the buffers of both operating systems. */
  get inFlightBytes(): number {
    return this.unsent.length + this.unacknowledgedBytes;
  }

  write(text: ByteString): void {
    if (this.state === 'closed' || this.state === 'ended') return;
    if (this.unsent === '') this.scheduler.schedule(this);
    this.unsent += text;
  }

  flush(): void {
    const text = this.takeUnsent();
    if (this.state !== 'closed') this.sendBytes(text);
  }

  private takeUnsent(): ByteString {
    const text = this.unsent;
    this.unsent = '';
    return text;
  }

  private sendBytes(text: ByteString): void {
    if (text === '') return;
    this.unacknowledgedBytes += text.length;
    // A backlog above this is followed by a `drained` report.
    if (this.backlogBytes > this.dependencies.bufferBytes / 2) this.load = 'heavy';
    if (text.length <= maxSegmentBytes) return this.send('data', text);
    for (let start = 0; start < text.length; start += maxSegmentBytes) {
      this.send('data', text.slice(start, start + maxSegmentBytes));
    }
  }

  /** Ends this direction after what was written. */
  end(): void {
    if (this.state !== 'open') return;
    this.flush();
    this.state = 'ended';
    this.send('end');
  }

  /** Closes after what was written; `closed` is reported at the end of the turn. */
  close(): void {
    if (this.state === 'closed') return;
    // Written data is sent at the flush and not before, since links may have to be flushed first.
    const [rest, isToEnd] = [this.state === 'open' ? this.takeUnsent() : '', this.state === 'open'];
    this.state = 'closed';
    this.dependencies.release(this);
    const flush = (): void => {
      this.sendBytes(rest);
      if (isToEnd) this.send('end');
      this.notify((listener) => listener.closed('closed locally'));
    };
    this.scheduler.schedule({ flush });
  }

  /** Closes without a report, and notifies the remote end as the operating system of a killed process does. */
  reset(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.listener = undefined;
    this.dependencies.release(this);
    this.out?.abandon();
    this.send('reset');
  }

  /** The remote end accepted the connection. */
  open(): void {
    if (this.state !== 'connecting') return;
    this.state = 'open';
  }

  /** Sends on behalf of the operating system, without the process. */
  send(kind: Segment['kind'], text: ByteString = ''): void {
    if (this.out === undefined) return;
    const segment: Segment = { kind, text, sentMs: this.dependencies.nowMs() };
    this.out.send(segment);
    if (kind === 'data') this.dependencies.recordWrite(this.host, this.out, segment);
  }

  arrived(segment: Segment): void {
    const { remote } = this;
    if (remote !== undefined) remote.receive(segment, this);
  }

  timedOut(): void {
    this.fail('ETIMEDOUT');
    this.remote?.fail('ETIMEDOUT');
  }

  /** The connection is lost. */
  fail(reason: string): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.dependencies.release(this);
    this.out?.abandon();
    this.notify((listener) => listener.closed(reason));
  }

  /** Receives a segment: the operating system accepts it, and passes it on when the process runs. */
  private receive(segment: Segment, from: Socket): void {
    if (this.host.life === 'dead' || this.state === 'closed') return this.rejectSegment(segment, from);
    switch (segment.kind) {
      case 'answer':
        this.open();
        return this.notify((listener) => listener.opened());
      case 'data':
        return this.receiveBytes(segment, from);
      case 'end':
        return this.notify((listener) => listener.ended());
      case 'reset':
        return this.fail(this.state === 'connecting' ? 'ECONNREFUSED' : 'ECONNRESET');
      case 'call':
        return;
    }
  }

  /** Answers a segment for a closed connection with a reset, except the last segments of an ending connection. */
  private rejectSegment({ kind, text }: Segment, from: Socket): void {
    if (kind === 'data') from.acknowledge(text.length);
    if (kind === 'data' || kind === 'answer') this.send('reset');
  }

  private receiveBytes(segment: Segment, from: Socket): void {
    this.dependencies.delivered(from.host, this.host, segment);
    this.host.run(() => {
      if (this.isOpen) this.listener?.bytes(segment.text);
      from.acknowledge(segment.text.length);
    });
  }

  private acknowledge(bytes: number): void {
    this.unacknowledgedBytes -= bytes;
    if (this.load === 'light' || this.backlogBytes > 0) return;
    this.load = 'light';
    if (this.isOpen) this.host.run(() => this.listener?.drained());
  }

  private notify(call: (listener: SocketListener) => void): void {
    this.host.run(() => {
      if (this.listener !== undefined) call(this.listener);
    });
  }
}
