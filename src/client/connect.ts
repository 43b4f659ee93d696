import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { HerdClientError } from './errors.js';
import type { ServerAddress } from './server-address.js';

/**
 * Opens a connection to a server, in one attempt.
 * @param timeoutMs longest time that it may take, TLS handshake included
 * @param signal aborts the attempt
 * @throws HerdClientError with `HERD_UNREACHABLE` if the connection fails
 */
export async function connectSocket(
  { host = '127.0.0.1', port, tls }: ServerAddress,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<Socket> {
  const endpoint = { host, port, noDelay: true };
  const { ca, servername } = tls ?? {};
  const caOption = ca === undefined ? {} : { ca: Buffer.from(ca) };
  const socket = servername === undefined ? connectTcp(endpoint) : connectTls({ ...endpoint, ...caOption, servername });
  const timeoutSignal = AbortSignal.timeout(Math.max(1, Math.ceil(timeoutMs)));
  try {
    await once(socket, servername === undefined ? 'connect' : 'secureConnect', {
      signal: signal === undefined ? timeoutSignal : AbortSignal.any([signal, timeoutSignal]),
    });
  } catch (cause) {
    socket.destroy();
    const { code, name } = cause as NodeJS.ErrnoException;
    const reason = name === 'AbortError' ? 'no response' : (code ?? name);
    const place = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
    throw new HerdClientError('HERD_UNREACHABLE', `cannot connect to ${place} (${reason})`, { cause });
  }
  return socket;
}
