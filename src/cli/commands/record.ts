import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { formatHeader, withRecording } from '../../upstreams/recording.js';
import { CommandError } from '../shared/errors.js';
import type { ConfigOption } from '../shared/options.js';
import { print, warn } from '../shared/output.js';
import { startRecorded } from './start.js';

/** A recording grows no further, in bytes: it is read whole when it is played back. */
const maxRecordingBytes = 256 * 1_024 * 1_024;

/**
 * `herd record`: runs servers as `herd start` does, and notes what their upstream answers.
 * @throws CommandError if the file is there already, or cannot be written
 */
export async function record(file: string, names: readonly string[], options: ConfigOption): Promise<void> {
  const stream = await openRecording(file);
  let answers = 0;
  const writeLine = boundedWriter(stream, file, () => (answers += 1));
  try {
    await startRecorded(names, options, (asked) => {
      stream.write(`${formatHeader(asked.upstream)}\n`);
      return withRecording(asked, writeLine);
    });
  } finally {
    stream.end();
    await finished(stream).catch((error: unknown) => warn(`${file}: ${(error as Error).message}`));
    // It would be in the way of the next attempt, and there is nothing in it.
    if (answers === 0) await rm(file, { force: true });
  }
  print(
    answers === 0
      ? `Nothing was asked, so there is no ${file}.`
      : `${answers} answers are in ${file}. To play them back: upstream: { kind: replay, file: ${file} }`,
  );
}

async function openRecording(file: string): Promise<WriteStream> {
  const stream = createWriteStream(file, { flags: 'wx' });
  try {
    await once(stream, 'open');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new CommandError(code === 'EEXIST' ? `${file} is there already; name another file` : message);
  }
  let state: 'writing' | 'broken' = 'writing';
  stream.on('error', ({ message }) => {
    if (state === 'writing') warn(`nothing more is recorded in ${file}: ${message}`);
    state = 'broken';
  });
  return stream;
}

function boundedWriter(stream: WriteStream, file: string, onWritten: () => void): (line: string) => void {
  let bytes = 0;
  return (line) => {
    if (bytes > maxRecordingBytes || stream.errored !== null) return;
    bytes += line.length + 1;
    if (bytes > maxRecordingBytes) return warn(`nothing more is recorded in ${file}: it is ${bytes} bytes long`);
    stream.write(`${line}\n`);
    onWritten();
  };
}
