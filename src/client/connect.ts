import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { HerdClientError } from './errors.js';
import type { ServerAddress } from './server-address.js';

/**
 * Opens a connection to a server, once.
 * @throws HerdClientError if there is none within that time
 */
export async function connectSocket(
  { host = '127.0.0.1', port, tls }: ServerAddress,
  timeoutMs: number,
): Promise<Socket> {
  const endpoint = { host, port, noDelay: true };
  const { ca, servername } = tls ?? {};
  const caOption = ca === undefined ? {} : { ca: Buffer.from(ca) };
  const socket = servername === undefined ? connectTcp(endpoint) : connectTls({ ...endpoint, ...caOption, servername });
  try {
    const signal = AbortSignal.timeout(Math.max(1, Math.ceil(timeoutMs)));
    await once(socket, servername === undefined ? 'connect' : 'secureConnect', { signal });
  } catch (cause) {
    socket.destroy();
    const { code, name } = cause as NodeJS.ErrnoException;
    const reason = name === 'AbortError' ? 'no answer' : (code ?? name);
    throw new HerdClientError('HERD_UNREACHABLE', `${host}:${port} cannot be reached (${reason})`, { cause });
  }
  return socket;
}
