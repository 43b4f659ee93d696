import type { Readable } from 'node:stream';
import { bytesOf, fieldsOf } from '../../protocol/text/bytes.js';
import { connectTo } from '../shared/client.js';
import { configFor } from '../shared/config-file.js';
import { CommandError, UsageError } from '../shared/errors.js';
import { tryServers } from '../shared/try-servers.js';
import type { QueryOptions } from '../shared/options.js';
import { copyToOutput } from '../shared/output.js';

/** `herd watch`: the AT line of each change of a client, or of all of them, until Ctrl-C; to the byte but for what a terminal would act on. */
export async function watch(client: string, options: QueryOptions): Promise<void> {
  if (fieldsOf(client).length !== 1) throw new UsageError('a client ID is one word without white space');
  const config = configFor(options, 'line-client');
  const { server, socket } = await tryServers(options, config, async (name) => ({
    server: name,
    socket: await connectTo(name, config),
  }));
  socket.write(`WATCH ${bytesOf(client)}\n`, 'latin1');
  try {
    // The terminal's pace is the connection's: who reads slowly is told the newest.
    await copyToOutput(readChanges(socket, server));
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    // Nobody reads any more, as behind `head`.
    if (code === 'EPIPE') return void socket.destroy();
    throw new CommandError(`${server} went away (${code ?? String(error)})`);
  }
  throw new CommandError(`${server} went away`);
}

/** What comes behind the answer to a WATCH. */
async function* readChanges(socket: Readable, server: string): AsyncGenerator<Buffer> {
  let firstLine: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    if (firstLine === undefined) {
      yield chunk;
      continue;
    }
    firstLine = Buffer.concat([firstLine, chunk]);
    const end = firstLine.indexOf('\n');
    if (end === -1) continue;
    if (firstLine.toString('latin1', 0, 2) === '? ')
      throw new CommandError(`${server} does not take that: too many watch the same`);
    yield firstLine.subarray(end + 1);
    firstLine = undefined;
  }
}
