import type { Socket } from 'node:net';
import { LineFramer, OverlongLine } from '../protocol/text/line-framer.js';
import { textOf, type ByteString } from '../protocol/text/bytes.js';
import type { Change } from './changes.js';
import { watch } from './commands.js';
import { dial } from './connect.js';
import { HerdClientError } from './errors.js';
import { herdLocationIn } from './read-location.js';
import { mayTryAgain } from './retry.js';
import type { ServerPlace } from './server-address.js';

/** The longest line taken, in bytes: an AT line has 1 MiB at most. */
const lineBytesMax = 2 * 1024 * 1024;

/** A machine that is gone says nothing, and nor does a client that stays where it is: after this long TCP asks, in milliseconds. */
const keepAliveMs = 15_000;

/**
 * Follows what a server learns, over a connection to its `port` that does nothing else, and another when that is lost.
 * @param client undefined: all of them
 * @param signal ends the iteration
 * @throws HerdClientError where to ask again would not help
 */
export async function* watchedChanges(
  place: ServerPlace,
  client: string | undefined,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): AsyncGenerator<Change, void> {
  const command = watch(client);
  const isOver = () => signal.aborted;
  let first: 'begin' | 'reset' = 'begin';
  for (let failures = 0; !isOver();) {
    try {
      for await (const line of linesAfter(await dial(place, timeoutMs), command, signal)) {
        failures = 0;
        if (line.startsWith('AT ')) yield { kind: 'location', location: herdLocationIn(line) };
        else if (line === command.replace('WATCH', 'WATCHING')) yield { kind: first };
        else if (line.startsWith('? ')) throw refused(line);
        first = 'reset';
      }
    } catch (error) {
      if (isOver()) return;
      const isLasting = error instanceof HerdClientError && lasting.includes(error.code);
      if (isLasting) throw error;
    }
    failures += 1;
    if (!(await mayTryAgain(failures, signal))) return;
  }
}

/** Who asks again after one of these is told the same. */
const lasting: readonly string[] = ['HERD_REFUSED', 'HERD_STRANGE_ANSWER'];

function refused(line: ByteString): HerdClientError {
  return new HerdClientError(
    'HERD_REFUSED',
    `the server does not take ${textOf(line.slice(2))}; too many watch the same`,
  );
}

/** The lines that come after a command, as fast as they are taken, until the connection ends. */
async function* linesAfter(socket: Socket, command: ByteString, signal: AbortSignal): AsyncGenerator<ByteString> {
  const end = () => socket.destroy();
  signal.addEventListener('abort', end);
  try {
    if (signal.aborted) return;
    socket.setKeepAlive(true, keepAliveMs);
    socket.write(`${command}\n`, 'latin1');
    const framer = new LineFramer(lineBytesMax);
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      for (const line of framer.push(chunk)) {
        if (line instanceof OverlongLine) throw new HerdClientError('HERD_STRANGE_ANSWER', 'a line is too long');
        yield line;
      }
    }
  } finally {
    signal.removeEventListener('abort', end);
    socket.destroy();
  }
}
