import type { Socket } from 'node:net';
import { LineFramer, OverlongLine } from '../protocol/text/line-framer.js';
import { textOf, type ByteString } from '../protocol/text/bytes.js';
import type { Change } from './changes.js';
import { formatWatch } from './commands.js';
import { connectSocket } from './connect.js';
import { HerdClientError } from './errors.js';
import { parseHerdLocation } from './read-location.js';
import { waitForRetry } from './wait-for-retry.js';
import type { ServerAddress } from './server-address.js';

/** The longest line taken, in bytes: an AT line has 1 MiB at most. */
const maxLineBytes = 2 * 1024 * 1024;

/** A machine that is gone says nothing, and nor does a client that stays where it is: after this long TCP asks, in milliseconds. */
const keepAliveMs = 15_000;

/**
 * Follows what a server learns, over a connection to its `port` that does nothing else, and another when that is lost.
 * @param client undefined: all of them
 * @param signal ends the iteration
 * @throws HerdClientError where to ask again would not help
 */
export async function* watchChanges(
  address: ServerAddress,
  client: string | undefined,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): AsyncGenerator<Change, void> {
  const command = formatWatch(client);
  const isAborted = () => signal.aborted;
  let first: 'begin' | 'reset' = 'begin';
  for (let failures = 0; !isAborted();) {
    try {
      for await (const line of readLinesAfter(await connectSocket(address, timeoutMs), command, signal)) {
        failures = 0;
        if (line.startsWith('AT ')) yield { kind: 'location', location: parseHerdLocation(line) };
        else if (line === command.replace('WATCH', 'WATCHING')) yield { kind: first };
        else if (line.startsWith('? ')) throw rejectedError(line);
        first = 'reset';
      }
    } catch (error) {
      if (isAborted()) return;
      const isPermanent = error instanceof HerdClientError && permanentErrorCodes.includes(error.code);
      if (isPermanent) throw error;
    }
    failures += 1;
    if (!(await waitForRetry(failures, signal))) return;
  }
}

/** Who asks again after one of these is told the same. */
const permanentErrorCodes: readonly string[] = ['HERD_REJECTED', 'HERD_PROTOCOL_ERROR'];

function rejectedError(line: ByteString): HerdClientError {
  return new HerdClientError(
    'HERD_REJECTED',
    `the server does not take ${textOf(line.slice(2))}; too many watch the same`,
  );
}

/** The lines that come after a command, as fast as they are taken, until the connection ends. */
async function* readLinesAfter(socket: Socket, command: ByteString, signal: AbortSignal): AsyncGenerator<ByteString> {
  const destroySocket = () => socket.destroy();
  signal.addEventListener('abort', destroySocket);
  try {
    if (signal.aborted) return;
    socket.setKeepAlive(true, keepAliveMs);
    socket.write(`${command}\n`, 'latin1');
    const framer = new LineFramer(maxLineBytes);
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      for (const line of framer.push(chunk)) {
        if (line instanceof OverlongLine) throw new HerdClientError('HERD_PROTOCOL_ERROR', 'a line is too long');
        yield line;
      }
    }
  } finally {
    signal.removeEventListener('abort', destroySocket);
    socket.destroy();
  }
}
