import type { Socket } from 'node:net';
import { LineFramer, OverlongLine } from '../protocol/text/line-framer.js';
import type { ByteString } from '../protocol/text/bytes.js';
import type { Change } from './changes.js';
import { formatWatch } from './commands.js';
import { connectSocket } from './connect.js';
import type { ServerAddress } from './server-address.js';
import { HerdClientError } from './errors.js';
import { maxLineBytes } from './line-connection.js';
import { parseHerdLocation } from './location.js';
import { waitForRetry } from './reconnect.js';

/** Interval of TCP keep-alive probes in milliseconds: they detect a dead server, which looks like a client that does not move. */
const keepAliveMs = 15_000;

/**
 * Follows changes by WATCH, on a connection of its own, with reconnection.
 * @param client ID of the client to follow; undefined for all
 * @param signal ends the iteration
 * @throws HerdClientError if retrying would not help
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
      for await (const lines of watchLines(await connectSocket(address, timeoutMs), command, signal)) {
        for (const line of lines) {
          failures = 0;
          if (line.startsWith('AT ')) yield { kind: 'location', location: parseHerdLocation(line) };
          else if (line === command.replace('WATCH', 'WATCHING')) yield { kind: first };
          first = 'reset';
        }
      }
    } catch (error) {
      if (isAborted()) return;
      if (error instanceof HerdClientError && permanentErrorCodes.includes(error.code)) throw error;
    }
    failures += 1;
    if (!(await waitForRetry(failures, signal))) return;
  }
}

const permanentErrorCodes: readonly string[] = ['HERD_REJECTED', 'HERD_PROTOCOL_ERROR'];

/**
 * Sends a WATCH and yields what the server sends until the connection ends, the lines of one chunk at a time. Reads no faster
 * than the lines are consumed.
 * @throws HerdClientError with `HERD_REJECTED` if the server rejects the command
 */
export async function* watchLines(
  socket: Socket,
  command: ByteString,
  signal?: AbortSignal,
): AsyncGenerator<readonly ByteString[]> {
  const destroySocket = () => socket.destroy();
  signal?.addEventListener('abort', destroySocket);
  try {
    if (signal?.aborted === true) return;
    socket.setKeepAlive(true, keepAliveMs);
    socket.write(`${command}\n`, 'latin1');
    const framer = new LineFramer(maxLineBytes);
    for await (const chunk of socket as AsyncIterable<Buffer>) yield framer.push(chunk).map(requireAccepted);
  } finally {
    signal?.removeEventListener('abort', destroySocket);
    socket.destroy();
  }
}

function requireAccepted(line: ByteString | OverlongLine): ByteString {
  if (line instanceof OverlongLine) {
    throw new HerdClientError('HERD_PROTOCOL_ERROR', `line longer than ${maxLineBytes} bytes`);
  }
  if (line.startsWith('? ')) {
    throw new HerdClientError('HERD_REJECTED', 'the server rejected WATCH: too many watchers for this client');
  }
  return line;
}
