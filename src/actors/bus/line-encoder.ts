import type { ByteString } from '../../protocol/text/byte-string.js';
import { Lines } from '../../protocol/text/lines.js';
import { WordBuffer } from '../../protocol/text/word-buffer.js';
import type { Bus } from './bus.js';

/** Size of the buffer, in bytes; larger ones, for longer responses, are used for one run only. */
const bufferBytes = 65_536;

const LF = 10;

/** Encodes lines to be sent, into a buffer that is used again when the bus has delivered all messages that carried them. */
export class LineEncoder {
  private buffer = new WordBuffer(0);
  private usedBytes = 0;
  private run = -1;

  constructor(private readonly bus: Pick<Bus, 'run'>) {}

  /**
   * Encodes one or two lines, given without line ends, mostly behind those encoded last. The result is valid in the present run of
   * deliveries.
   */
  encode(line: ByteString, secondLine?: ByteString): Lines {
    this.reserve(line.length + 1 + (secondLine === undefined ? 0 : secondLine.length + 1));
    const start = this.usedBytes;
    this.append(line);
    if (secondLine !== undefined) this.append(secondLine);
    return new Lines(this.buffer, start, this.usedBytes, secondLine === undefined ? 1 : 2);
  }

  private reserve(bytes: number): void {
    if (this.run !== this.bus.run) {
      this.run = this.bus.run;
      this.usedBytes = 0;
      if (this.buffer.size > bufferBytes) this.buffer = new WordBuffer(0);
    }
    if (this.usedBytes + bytes <= this.buffer.size) return;
    this.buffer = new WordBuffer(Math.max(bufferBytes, bytes));
    this.usedBytes = 0;
  }

  private append(line: ByteString): void {
    const end = this.buffer.write(line, this.usedBytes);
    this.buffer.view.setUint8(end, LF);
    this.usedBytes = end + 1;
  }
}
