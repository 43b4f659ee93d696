import type { Clock } from '../../actors/ports/clock.js';
import type { PeerChannel, PeerChannelHandler, PeerChannelMessage } from '../../actors/ports/transport.js';
import type { ByteString } from '../../protocol/text/bytes.js';
import type { ServerId } from '../../protocol/place/ids.js';
import type { LocationBatch } from '../../protocol/place/location-batch.js';
import { Lines } from '../../protocol/text/lines.js';
import { DelayQueue } from './delay-queue.js';
import type { FlushScheduler } from '../time/flush-order.js';

/** Maximum delayed lines per direction. With more, the wire is not writable, and inbound lines are released early. */
const maxDelayedLines = 5_000;

/** Fault-injecting wrapper of a peer channel: delays lines in both directions and cuts the channel. */
export class FaultyWire implements PeerChannel {
  private readonly outgoing: DelayQueue;
  private readonly incoming: DelayQueue;
  private readonly inner: PeerChannel;
  private cutReason: string | undefined;
  /** Whether `isWritable` was false since the last `channel-drained`. */
  private isDrainReportDue = false;

  /**
   * @param dial creates the wrapped channel with the given handler
   * @param delayMs returns the current additional delay per line in milliseconds
   * @param onClosed is called once, after the channel has closed
   */
  constructor(
    clock: Clock,
    turn: FlushScheduler,
    dial: (handler: PeerChannelHandler) => PeerChannel,
    private readonly report: PeerChannelHandler,
    private readonly delayMs: () => number,
    private readonly onClosed: () => void,
  ) {
    this.outgoing = new DelayQueue(
      clock,
      turn,
      (lines) => {
        for (const line of lines) this.inner.send(line);
      },
      () => this.handleDrained(),
    );
    this.incoming = new DelayQueue(clock, turn, (lines) =>
      report({ kind: 'channel-lines', channel: this, lines: Lines.of(...lines) }),
    );
    this.inner = dial((message) => this.receive(message));
  }

  get remoteAddress(): string {
    return this.inner.remoteAddress;
  }

  get isInProcess(): boolean {
    return this.inner.isInProcess;
  }

  get certificateMatches(): ((name: ServerId) => boolean) | undefined {
    return this.inner.certificateMatches;
  }

  get isWritable(): boolean {
    const isWritable = this.outgoing.size < maxDelayedLines && this.inner.isWritable;
    if (!isWritable) this.isDrainReportDue = true;
    return isWritable;
  }

  send(line: ByteString): void {
    const delayMs = this.delayMs();
    if (delayMs === 0 && this.outgoing.size === 0) this.inner.send(line);
    else this.outgoing.add([line], delayMs);
  }

  sendLocations(batch: LocationBatch): void {
    const delayMs = this.delayMs();
    if (delayMs === 0 && this.outgoing.size === 0) this.inner.sendLocations(batch);
    else this.outgoing.add([...batch.lines()], delayMs);
  }

  close(): void {
    this.outgoing.releaseAll();
    this.inner.close();
  }

  /** Closes without the delayed lines; the handler of this end gets the reason. */
  cut(reason: string): void {
    this.cutReason ??= reason;
    this.outgoing.clear();
    this.incoming.clear();
    this.inner.close();
  }

  /** Releases all delayed lines. */
  flushDelayed(): void {
    this.outgoing.releaseAll();
    this.incoming.releaseAll();
  }

  private receive(message: PeerChannelMessage): void {
    switch (message.kind) {
      case 'channel-opened':
        return this.report({ kind: 'channel-opened', channel: this });
      case 'channel-lines':
        return this.receiveLines(message.lines, { ...message, channel: this });
      case 'channel-locations':
        return this.receiveLines(message.batch.lines(), { ...message, channel: this });
      case 'channel-drained':
        return this.handleDrained();
      case 'channel-closed':
        return this.handleClosed(message.reason);
    }
  }

  /** Delays lines as text; without a delay, passes the message on. */
  private receiveLines(lines: Lines, message: PeerChannelMessage): void {
    if (this.cutReason !== undefined) return;
    const delayMs = this.delayMs();
    if (delayMs === 0 && this.incoming.size === 0) return this.report(message);
    this.incoming.add([...lines], delayMs);
    if (this.incoming.size > maxDelayedLines) this.incoming.releaseAll();
  }

  private handleDrained(): void {
    if (this.isDrainReportDue && this.isWritable) {
      this.isDrainReportDue = false;
      this.report({ kind: 'channel-drained', channel: this });
    }
  }

  private handleClosed(reason: string): void {
    this.outgoing.clear();
    this.incoming.releaseAll();
    this.onClosed();
    this.report({ kind: 'channel-closed', channel: this, reason: this.cutReason ?? reason });
  }
}
