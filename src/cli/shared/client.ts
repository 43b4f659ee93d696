import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ServerId } from '../../protocol/place/ids.js';
import { bytesOf, type ByteString } from '../../protocol/text/bytes.js';
import type { HerdConfig } from '../../runtime/config/herd-config.js';
import { formatHostPort } from '../../runtime/sockets/listener.js';
import { CommandError } from './errors.js';

/**
 * Connects to a server as its clients do.
 * @param signal gives up
 * @throws CommandError if it cannot be reached
 */
export async function connectTo(server: ServerId, config: HerdConfig, signal?: AbortSignal): Promise<Socket> {
  const { host, port } = config.servers.get(server) ?? { host: '', port: 0 };
  const tlsFiles = config.tls.clients;
  const options = { host, port, noDelay: true };
  const ca = tlsFiles?.ca === undefined ? {} : { ca: readAuthority(tlsFiles.ca) };
  const socket = tlsFiles === undefined ? connect(options) : connectTls({ ...options, ...ca, servername: server });
  try {
    await once(socket, tlsFiles === undefined ? 'connect' : 'secureConnect', signal && { signal });
  } catch (error) {
    socket.destroy();
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandError(`${server} cannot be reached at ${formatHostPort(host, port)} (${code ?? 'no answer'})`);
  }
  return socket;
}

/**
 * The certificates of an authority that servers are checked against.
 * @throws CommandError if the file cannot be read
 */
export function readAuthority(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new CommandError(`${file} cannot be read: ${(error as Error).message}`);
  }
}

/**
 * Sends one command and returns all that is answered, as bytes.
 * @throws CommandError if the server cannot be reached, or goes away before it has answered
 */
export async function sendCommand(server: ServerId, config: HerdConfig, command: string): Promise<ByteString> {
  const socket = await connectTo(server, config);
  socket.end(`${bytesOf(command)}\n`, 'latin1');
  let response = '';
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) response += chunk.toString('latin1');
  } catch (error) {
    throw new CommandError(`${server} went away before it had answered`, { cause: error });
  }
  if (!response.endsWith('\n')) throw new CommandError(`${server} went away before it had answered`);
  return response;
}
