import type { ByteString } from '../../protocol/text/bytes.js';
import { Lines } from '../../protocol/text/lines.js';
import type { Bus } from './bus.js';
import type { LinesEvent } from './events.js';

/** Publishes the lines that a server exchanges with one client or neighbour: one `lines` event for lines sent together. */
export class LineRecorder {
  /** Lines sent since the last flush; those that follow each other in a buffer are one element. */
  private readonly sent: Lines[] = [];
  /** Lines sent without a request. */
  private pushed: ByteString[] = [];

  /** @param remoteAddress a client's address and port, or a neighbour's ID */
  constructor(
    private readonly bus: Bus,
    private readonly party: LinesEvent['party'],
    private readonly remoteAddress: string,
  ) {}

  /** Whether there are responses that have not been published. */
  get hasSent(): boolean {
    return this.sent.length > 0;
  }

  /** Publishes received lines. */
  recordReceived(lines: Lines): void {
    const { party, remoteAddress } = this;
    this.bus.publish({ kind: 'lines', direction: 'in', party, remoteAddress, lines });
  }

  /** Publishes sent lines, behind those that were recorded before. */
  recordSentLines(lines: Lines): void {
    this.flush();
    const { party, remoteAddress } = this;
    this.bus.publish({ kind: 'lines', direction: 'out', party, remoteAddress, lines });
  }

  /** Records sent lines, which are published with the next flush. */
  recordSent(lines: Lines): void {
    const { sent } = this;
    const last = sent.at(-1);
    if (last?.end !== lines.start || last.buffer !== lines.buffer) return void sent.push(lines);
    sent[sent.length - 1] = new Lines(last.buffer, last.start, lines.end, last.length + lines.length);
  }

  /** Records a line sent without a request, which is published with the next flush. */
  recordPushed(line: ByteString): void {
    this.pushed.push(line);
  }

  /** Publishes the lines recorded since the last flush. */
  flush(): void {
    const { sent, pushed, party, remoteAddress } = this;
    if (sent.length > 0) {
      for (const lines of sent) this.bus.publish({ kind: 'lines', direction: 'out', party, remoteAddress, lines });
      sent.length = 0;
    }
    if (pushed.length > 0) {
      this.pushed = [];
      const lines = Lines.of(...pushed);
      this.bus.publish({ kind: 'lines', direction: 'out', party, remoteAddress, lines, pushed: true });
    }
  }
}
