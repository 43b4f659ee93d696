import type { Readable } from 'node:stream';
import { bytesOf, fieldsOf } from '../../protocol/text/bytes.js';
import { connectTo } from '../shared/client.js';
import { configFor } from '../shared/config-file.js';
import { CommandError, UsageError } from '../shared/errors.js';
import { askFirst } from '../shared/first-server.js';
import type { FindOptions } from '../shared/options.js';
import { copyToOutput } from '../shared/output.js';

/** `herd watch`: the AT line of each change of a client, or of all of them, until Ctrl-C; to the byte but for what a terminal would act on. */
export async function watch(client: string, options: FindOptions): Promise<void> {
  if (fieldsOf(client).length !== 1) throw new UsageError('a client ID is one word without white space');
  const config = configFor(options, 'to ask in lines');
  const { server, socket } = await askFirst(options, config, async (each) => ({
    server: each,
    socket: await connectTo(each, config),
  }));
  socket.write(`WATCH ${bytesOf(client)}\n`, 'latin1');
  try {
    // The terminal's pace is the connection's: who reads slowly is told the newest.
    await copyToOutput(changesIn(socket, server));
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
async function* changesIn(socket: Readable, server: string): AsyncGenerator<Buffer> {
  let answer: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    if (answer === undefined) {
      yield chunk;
      continue;
    }
    answer = Buffer.concat([answer, chunk]);
    const end = answer.indexOf('\n');
    if (end === -1) continue;
    if (answer.toString('latin1', 0, 2) === '? ')
      throw new CommandError(`${server} does not take that: too many watch the same`);
    yield answer.subarray(end + 1);
    answer = undefined;
  }
}
