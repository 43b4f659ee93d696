import { createInterface } from 'node:readline/promises';
import { connectTo } from '../shared/client.js';
import { configFor, selectServer } from '../shared/config-file.js';
import { CommandError } from '../shared/errors.js';
import type { ConfigOption } from '../shared/options.js';
import { copyToOutput, print } from '../shared/output.js';

/** `herd send`: lines to a server, its answers to standard output, both to the byte but for what a terminal would act on. */
export async function send(name: string, lines: readonly string[], options: ConfigOption): Promise<void> {
  const config = configFor(options, 'line-client');
  const server = selectServer(name, config);
  const socket = await connectTo(server, config);
  const received = copyToOutput(socket);
  if (lines.length > 0) socket.end(lines.map((line) => `${line}\n`).join(''));
  else if (process.stdin.isTTY) {
    print(`Connected to ${server}. A command a line, such as: WHATSAT phone 10 5. Ctrl-D ends.`);
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
    throw new CommandError(`${server} went away before it had answered`, { cause: error });
  }
  // Standard input may still be open where the server closed first.
  process.stdin.destroy();
}
