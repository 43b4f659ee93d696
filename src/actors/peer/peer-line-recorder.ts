import type { ByteString } from '../../protocol/text/bytes.js';
import type { ServerId } from '../../protocol/place/ids.js';
import type { Bus } from '../bus/bus.js';

/** Tells the log, and whoever else listens, of the lines that a server and its neighbour exchange: those that go together as one event. */
export class PeerLineRecorder {
  /** Lines that were sent to the neighbour, and not told of yet. */
  private sentLines: ByteString[] = [];

  constructor(
    private readonly bus: Bus,
    private readonly neighbour: ServerId,
  ) {}

  recordReceived(lines: readonly ByteString[]): void {
    this.bus.publish({ kind: 'lines', direction: 'in', party: 'peer', remoteAddress: this.neighbour, lines });
  }

  recordSent(line: ByteString): void {
    this.sentLines.push(line);
  }

  /** Tells of what was said. */
  flush(): void {
    const lines = this.sentLines;
    if (lines.length === 0) return;
    this.sentLines = [];
    this.bus.publish({ kind: 'lines', direction: 'out', party: 'peer', remoteAddress: this.neighbour, lines });
  }
}
