import type { ClientChannel } from '../../src/actors/ports/client-channel.js';
import type { ByteString } from '../../src/protocol/text/bytes.js';
import type { Lines } from '../../src/protocol/text/lines.js';
import type { WordBuffer } from '../../src/protocol/text/word-buffer.js';

/** A client's connection. The test says how much the client has not taken, and sees what it is sent. */
export class FakeClientChannel implements ClientChannel {
  readonly transport = 'tcp';
  written: ByteString = '';
  bufferedBytes = 0;
  reading: 'flowing' | 'paused' = 'flowing';
  state: 'open' | 'ended' | 'destroyed' = 'open';
  /** Whether it is asked now and then if it is there. */
  keepAliveState: 'assumed' | 'asked' = 'assumed';

  constructor(readonly remoteAddress = '192.0.2.1:40000') {}

  write(text: ByteString): void {
    if (this.state === 'open') this.written += text;
  }

  writeResponse({ buffer, start, end }: Lines): void {
    this.write(buffer.text(start, end));
  }

  writeBytes(buffer: WordBuffer, start: number, end: number): void {
    this.write(buffer.text(start, end));
  }

  pause(): void {
    this.reading = 'paused';
  }

  resume(): void {
    this.reading = 'flowing';
  }

  enableKeepAlive(): void {
    this.keepAliveState = 'asked';
  }

  end(): void {
    this.state = 'ended';
  }

  destroy(): void {
    this.state = 'destroyed';
  }

  /** What was written since this was last asked. */
  take(): ByteString {
    const { written } = this;
    this.written = '';
    return written;
  }
}
