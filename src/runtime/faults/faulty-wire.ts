import type { Clock } from '../../actors/ports/clock.js';
import type { PeerWire, PeerWireListener } from '../../actors/ports/transport.js';
import type { ByteString } from '../../protocol/text/bytes.js';
import type { ServerId } from '../../protocol/place/ids.js';
import { LateLines } from './delay-queue.js';
import type { FlushScheduler } from '../time/flush-order.js';

/** Lines that may be late in one direction. On their way out, a wire with more has no room; on their way in, more come early. */
const lateLinesMax = 5_000;

/** A wire that can be slowed and cut while it is in use. It hears the real wire in its listener's place. */
export class FaultyWire implements PeerWire, PeerWireListener {
  private readonly outgoing: LateLines;
  private readonly incoming: LateLines;
  private readonly real: PeerWire;
  private cutReason: string | undefined;
  /** What whoever asked was last told of. */
  private room: 'some' | 'none' = 'some';

  /**
   * @param dial makes the real wire, which reports to the listener that it is given
   * @param delayMs how long a line takes now, beyond what it takes on the real wire
   * @param onClosed called once, when nothing follows any more
   */
  constructor(
    clock: Clock,
    turn: FlushScheduler,
    dial: (listener: PeerWireListener) => PeerWire,
    private readonly listener: PeerWireListener,
    private readonly delayMs: () => number,
    private readonly onClosed: () => void,
  ) {
    this.outgoing = new LateLines(
      clock,
      turn,
      (lines) => {
        for (const line of lines) this.real.send(line);
      },
      () => this.drained(),
    );
    this.incoming = new LateLines(clock, turn, (lines) => listener.lines(this, lines));
    this.real = dial(this);
  }

  get far(): string {
    return this.real.far;
  }

  get trusted(): boolean {
    return this.real.trusted;
  }

  get bears(): ((name: ServerId) => boolean) | undefined {
    return this.real.bears;
  }

  get hasRoom(): boolean {
    const has = this.outgoing.size < lateLinesMax && this.real.hasRoom;
    if (!has) this.room = 'none';
    return has;
  }

  send(line: ByteString): void {
    const delayMs = this.delayMs();
    if (delayMs === 0 && this.outgoing.size === 0) this.real.send(line);
    else this.outgoing.put([line], delayMs);
  }

  close(): void {
    this.outgoing.release();
    this.real.close();
  }

  /** Closes without what was late: both ends hear that it closed, and this one why. */
  cut(reason: string): void {
    this.cutReason ??= reason;
    this.outgoing.drop();
    this.incoming.drop();
    this.real.close();
  }

  /** Is no longer late with anything. */
  hurry(): void {
    this.outgoing.release();
    this.incoming.release();
  }

  opened(): void {
    this.listener.opened(this);
  }

  lines(_: PeerWire, lines: readonly ByteString[]): void {
    if (this.cutReason !== undefined) return;
    const delayMs = this.delayMs();
    if (delayMs === 0 && this.incoming.size === 0) return this.listener.lines(this, lines);
    this.incoming.put(lines, delayMs);
    if (this.incoming.size > lateLinesMax) this.incoming.release();
  }

  drained(): void {
    if (this.room === 'none' && this.hasRoom) {
      this.room = 'some';
      this.listener.drained(this);
    }
  }

  closed(_: PeerWire, reason: string): void {
    this.outgoing.drop();
    this.incoming.release();
    this.onClosed();
    this.listener.closed(this, this.cutReason ?? reason);
  }
}
