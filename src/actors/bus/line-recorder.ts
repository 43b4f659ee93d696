import type { Lines } from '../../protocol/text/lines.js';
import type { Bus } from './bus.js';
import type { LinesEvent } from './events.js';

/** Publishes the lines that a server exchanges with one client or neighbour: one `lines` event for lines sent together. */
export class LineRecorder {
  /** Lines sent since the last flush; those that follow each other in a buffer are one element. */
  private readonly sent: Lines[] = [];
  /** Lines sent without a request. */
  private pushed: Lines | undefined;

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
    const joined = sent.at(-1)?.joinedWith(lines);
    if (joined === undefined) sent.push(lines);
    else sent[sent.length - 1] = joined;
  }

  /** Records lines sent without a request. They are published with the next flush, or before if they do not follow earlier ones. */
  recordPushed(lines: Lines): void {
    if (this.pushed === undefined) this.pushed = lines;
    else {
      const joined = this.pushed.joinedWith(lines);
      if (joined === undefined) this.flush();
      this.pushed = joined ?? lines;
    }
  }

  /** Publishes the lines recorded since the last flush. */
  flush(): void {
    const { sent, pushed, party, remoteAddress } = this;
    if (sent.length > 0) {
      for (const lines of sent) this.bus.publish({ kind: 'lines', direction: 'out', party, remoteAddress, lines });
      sent.length = 0;
    }
    if (pushed !== undefined) {
      this.pushed = undefined;
      this.bus.publish({ kind: 'lines', direction: 'out', party, remoteAddress, lines: pushed, pushed: true });
    }
  }
}
