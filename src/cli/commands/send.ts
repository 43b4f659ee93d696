import { createInterface } from 'node:readline/promises';
import { connectSocket } from '../../client/connect.js';
import { defaultTimeoutMs } from '../../client/herd-client.js';
import { selectServer } from '../../library/config.js';
import { configFor } from '../shared/config-file.js';
import { CommandError } from '../shared/errors.js';
import type { ConfigOption } from '../shared/options.js';
import { copyToOutput, print } from '../shared/output.js';
import { clientAddress, unreachableError } from '../shared/servers.js';

/** `herd send`: sends lines to a server and prints its responses, both unchanged to the byte. */
export async function send(name: string, lines: readonly string[], options: ConfigOption): Promise<void> {
  const config = configFor(options, 'line-client');
  const server = selectServer(name, config);
  const socket = await connectSocket(clientAddress(server, config), defaultTimeoutMs).catch((error: unknown) => {
    throw unreachableError(server, error);
  });
  const received = copyToOutput(socket);
  if (lines.length > 0) socket.end(lines.map((line) => `${line}\n`).join(''));
  else if (process.stdin.isTTY) {
    print(`Connected to ${server}. Enter one command per line, such as: WHATSAT phone 10 5. Ctrl-D ends.`);
    const terminal = createInterface({ input: process.stdin, output: process.stdout, prompt: '' });
    terminal.on('line', (line) => socket.write(`${line}\n`));
    terminal.on('close', () => socket.end());
    socket.on('close', () => terminal.close());
  } else {
    process.stdin.pipe(socket);
  }
  try {
    await received;
  } catch (error) {
    throw new CommandError(`connection to ${server} closed before a response was received`, { cause: error });
  }
  // Standard input may still be open if the server closed first.
  process.stdin.destroy();
}
