import type { ByteString } from '../../protocol/text/bytes.js';
import type { ServerId } from '../../protocol/place/ids.js';
import type { Bus } from '../bus/bus.js';

/** Tells the log, and whoever else listens, of the lines that a server and its neighbour exchange: those that go together as one event. */
export class SpokenPeerLines {
  /** Lines that were sent to the neighbour, and not told of yet. */
  private said: ByteString[] = [];

  constructor(
    private readonly bus: Bus,
    private readonly neighbour: ServerId,
  ) {}

  heard(lines: readonly ByteString[]): void {
    this.bus.publish({ kind: 'lines', direction: 'in', party: 'peer', far: this.neighbour, lines });
  }

  say(line: ByteString): void {
    this.said.push(line);
  }

  /** Tells of what was said. */
  tell(): void {
    const lines = this.said;
    if (lines.length === 0) return;
    this.said = [];
    this.bus.publish({ kind: 'lines', direction: 'out', party: 'peer', far: this.neighbour, lines });
  }
}
