import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { formatHeader, withRecording } from '../../upstreams/recording.js';
import type { UpstreamBinding } from '../../upstreams/upstream-binding.js';
import { CommandError } from './errors.js';
import { formatCount, print, warn } from './output.js';

/** Maximum size of a recording in bytes: it is read as a whole for `kind: replay`. */
const maxRecordingBytes = 256 * 1_024 * 1_024;

/** Records the answers of an upstream to a file, for `kind: replay`. */
export class UpstreamRecorder {
  private bytes = 0;
  private answers = 0;

  private constructor(
    private readonly file: string,
    private readonly stream: WriteStream,
  ) {
    stream.on('error', ({ message }) => warn(`recording to ${file} stopped: ${message}`));
  }

  /** @throws CommandError if the file exists or cannot be written */
  static async open(file: string): Promise<UpstreamRecorder> {
    const stream = createWriteStream(file, { flags: 'wx' });
    try {
      await once(stream, 'open');
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      throw new CommandError(code === 'EEXIST' ? `${file} already exists` : message);
    }
    return new UpstreamRecorder(file, stream);
  }

  /** Decorates an upstream so that its answers are recorded. */
  wrap(binding: UpstreamBinding): UpstreamBinding {
    this.stream.write(`${formatHeader(binding.upstream)}\n`);
    return withRecording(binding, (line) => this.writeLine(line));
  }

  /** Closes the file, and removes it if nothing was recorded, so that it is not in the way of the next attempt. */
  async close(): Promise<void> {
    const { file, stream, answers } = this;
    stream.end();
    await finished(stream).catch((error: unknown) => warn(`${file}: ${(error as Error).message}`));
    if (answers === 0) await rm(file, { force: true });
  }

  /** Prints how much was recorded. */
  printSummary(): void {
    const { file, answers } = this;
    print(
      answers === 0
        ? `No upstream requests were made; ${file} was not created.`
        : `${formatCount(answers, 'answer')} recorded in ${file}. To replay: upstream: { kind: replay, file: ${file} }`,
    );
  }

  private writeLine(line: string): void {
    if (this.bytes > maxRecordingBytes || this.stream.errored !== null) return;
    this.bytes += line.length + 1;
    if (this.bytes > maxRecordingBytes) {
      return warn(`recording to ${this.file} stopped: maximum of ${maxRecordingBytes} bytes reached`);
    }
    this.stream.write(`${line}\n`);
    this.answers += 1;
  }
}
