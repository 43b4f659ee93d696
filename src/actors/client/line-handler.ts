import type { LocationBatch } from '../../protocol/place/location-batch.js';
import { OverlongLine } from '../../protocol/text/line-framer.js';
import { Lines, textEndOf } from '../../protocol/text/lines.js';
import { findLineEnd } from '../../protocol/text/word-buffer.js';
import type { LineRecorder } from '../bus/line-recorder.js';
import type { ClientChannel } from '../ports/client-channel.js';
import type { Clock } from '../ports/clock.js';
import type { CommandSession, CommandSessionSettings } from './command-session.js';
import type { ReceivedLines } from './received-lines.js';

/** Limits of the commands of a connection. */
export interface CommandGate {
  /** Whether no command is handled before the client has read, or pending queries have responses. */
  isBackpressured(): boolean;
  /** Whether another command may be handled now; if not, the gate resumes the work later. */
  mayHandle(nowMs: number): boolean;
  /** Accounts for a command that was handled. */
  spend(cost: number): void;
}

/** Handles the lines of one client: valid reports as bytes, many at a time; all other lines as text, one by one. */
export class LineHandler {
  constructor(
    private readonly clock: Clock,
    private readonly settings: CommandSessionSettings,
    private readonly session: CommandSession,
    private readonly channel: ClientChannel,
    private readonly recorder: LineRecorder,
    private readonly gate: CommandGate,
  ) {}

  /** Handles lines received together. @returns `paused` if some are left, `http` if the client speaks HTTP */
  handle(lines: ReceivedLines): 'handled' | 'paused' | 'http' {
    const { buffer, end, receivedAt } = lines;
    const { gate, session } = this;
    const { scanner, batches, limits } = this.settings;
    const nowMs = this.clock.monotonicMs();
    let reports = batches.acquire();
    let roomBytes = -1;
    try {
      while (lines.at < end) {
        if (reports.end > roomBytes) {
          reports = this.sendReports(lines, reports);
          if (gate.isBackpressured()) return 'paused';
          roomBytes = limits.maxOutputBufferBytes - this.channel.bufferedBytes;
        }
        if (!gate.mayHandle(nowMs)) return 'paused';
        const { at } = lines;
        const lineEnd = findLineEnd(buffer.view, at, end);
        const textEnd = lines.isUnterminated ? lineEnd : textEndOf(buffer, at, lineEnd);
        const isShort = textEnd - at <= limits.maxLineBytes;
        // Responses that wait for earlier ones are queued as text.
        if (isShort && session.pendingResponseCount === 0 && scanner.scan(buffer, at, textEnd, receivedAt, reports)) {
          if (reports.count === 1) this.recordReceived(lines, at);
          lines.at = lineEnd + 1;
          gate.spend(session.reportCost);
          continue;
        }
        reports = this.sendReports(lines, reports);
        roomBytes = -1;
        const text = buffer.text(at, isShort ? textEnd : at + limits.maxLineBytes);
        lines.at = lineEnd + 1;
        const cost = session.handle(isShort ? text : new OverlongLine(text), receivedAt);
        if (cost === 'http') return 'http';
        gate.spend(cost);
      }
      return 'handled';
    } finally {
      this.sendReports(lines, reports);
      this.recordReceived(lines, end);
    }
  }

  /** Publishes lines up to a position as received. */
  recordReceived(lines: ReceivedLines, to: number): void {
    if (to <= lines.publishedTo) return;
    this.recorder.recordReceived(new Lines(lines.buffer, lines.publishedTo, to));
    lines.publishedTo = to;
  }

  /** Sends reports to the store, and their responses to the client. Returns an empty batch. */
  private sendReports(lines: ReceivedLines, reports: LocationBatch): LocationBatch {
    if (reports.count === 0) return reports;
    const { batches, scanner } = this.settings;
    const { buffer, publishedTo, at } = lines;
    // Lines that waited were published when they were received.
    if (at > publishedTo) {
      const { isInputPrintable } = scanner;
      this.recorder.recordReceived(new Lines(buffer, publishedTo, at, reports.count, isInputPrintable, true));
      lines.publishedTo = at;
    }
    scanner.isInputPrintable = true;
    this.session.addReports(reports);
    this.channel.writeBytes(reports.buffer, 0, reports.end);
    this.recorder.recordSentLines(reports.lines());
    return batches.acquire();
  }
}
