import type { Socket } from 'node:net';
import { formatWatch } from '../../client/commands.js';
import { connectSocket } from '../../client/connect.js';
import { HerdClientError } from '../../client/errors.js';
import { defaultTimeoutMs } from '../../client/herd-client.js';
import { watchLines } from '../../client/watch-changes.js';
import type { ByteString } from '../../protocol/text/bytes.js';
import { configFor } from '../shared/config-file.js';
import { CommandError, UsageError } from '../shared/errors.js';
import type { QueryOptions } from '../shared/options.js';
import { copyToOutput } from '../shared/output.js';
import { clientAddress, tryServers } from '../shared/servers.js';

/** `herd watch`: prints the AT line of each change of a client, or of all clients, until Ctrl-C. */
export async function watch(client: string, options: QueryOptions): Promise<void> {
  const command = parseClient(client);
  const config = configFor(options, 'line-client');
  const { server, socket } = await tryServers(options, config, async (name) => ({
    server: name,
    socket: await connectSocket(clientAddress(name, config), defaultTimeoutMs),
  }));
  try {
    // The socket is read no faster than the output is written, so that the server conflates changes for a slow output.
    await copyToOutput(readChanges(socket, command));
  } catch (error) {
    if (error instanceof HerdClientError) {
      throw new CommandError(
        error.code === 'HERD_REJECTED'
          ? `${server} rejected WATCH: too many watchers for this client`
          : `${server}: ${error.message}`,
      );
    }
    const { code } = error as NodeJS.ErrnoException;
    // The output was closed, as by `head`.
    if (code === 'EPIPE') return;
    throw new CommandError(`connection to ${server} lost (${code ?? String(error)})`);
  }
  throw new CommandError(`connection to ${server} lost`);
}

function parseClient(client: string): ByteString {
  try {
    return formatWatch(client);
  } catch (error) {
    throw new UsageError((error as HerdClientError).message);
  }
}

async function* readChanges(socket: Socket, command: ByteString): AsyncGenerator<Buffer> {
  for await (const lines of watchLines(socket, command)) {
    const changes = lines.filter((line) => line.startsWith('AT '));
    if (changes.length > 0) yield Buffer.from(`${changes.join('\n')}\n`, 'latin1');
  }
}
