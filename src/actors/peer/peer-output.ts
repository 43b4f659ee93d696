import type { HandshakeLine } from '../../protocol/peer/handshake.js';
import { formatPeerLine, type PeerMessage } from '../../protocol/peer/peer-line.js';
import { redactPeerLine } from '../../protocol/peer/redact-peer-line.js';
import type { LocationBatch } from '../../protocol/place/location-batch.js';
import { Lines } from '../../protocol/text/lines.js';
import type { LineRecorder } from '../bus/line-recorder.js';
import type { PeerChannel } from '../ports/transport.js';

/** Output of a link on one channel: sends lines, and publishes them for the log. */
export class PeerOutput {
  constructor(
    private readonly channel: PeerChannel,
    private readonly recorder: LineRecorder,
  ) {}

  /** Whether the channel is writable. */
  get isWritable(): boolean {
    return this.channel.isWritable;
  }

  /** Sends locations, whose lines contain their forwarder. */
  sendLocations(batch: LocationBatch): void {
    if (batch.count === 0) return;
    this.channel.sendLocations(batch);
    this.recorder.recordSentLines(batch.lines());
  }

  /** Sends any other line. */
  send(line: HandshakeLine | PeerMessage): void {
    const text = formatPeerLine(line);
    this.channel.send(text);
    this.recorder.recordSentLines(Lines.of(redactPeerLine(line, text)));
  }
}
