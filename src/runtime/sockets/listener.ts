import { once } from 'node:events';
import { Server as HttpServer } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import type { Server, Socket } from 'node:net';
import { remoteHostOf } from '../../actors/client/remote-host.js';
import { PortError } from '../errors.js';

/**
 * Accept queue of a port: as many phones may reconnect when a network is back. Beyond it the system drops their packets, and each
 * retries after a second. The system has a limit of its own (`net.core.somaxconn`), often the same.
 */
const acceptBacklog = 4_096;

/**
 * Connections that a port accepts beyond the served ones: they are in a handshake or are being rejected with a reason. Further ones
 * are closed at once.
 */
const spareConnections = 1_000;

/** Options of a listening port. */
export interface ListenOptions {
  /** Server and purpose of the port, for error messages. */
  readonly owner: string;
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** Is called for each error of accepting a connection. On Linux libuv hides a lack of file descriptors. */
  readonly onAcceptError?: ((error: NodeJS.ErrnoException) => void) | undefined;
}

/** Listening port. */
export interface Listener {
  /** Actual port, also if 0 was given. */
  readonly port: number;
  /** Stops accepting connections. Existing ones stay open. */
  close(): void;
}

/**
 * Listens on a TCP port.
 * @throws PortError if the port is in use or not allowed, or the host is not an address of this machine
 */
export async function listen(
  server: Server,
  { owner, host, port, onAcceptError, maxConnections }: ListenOptions & { maxConnections: number },
): Promise<Listener> {
  server.maxConnections = maxConnections + spareConnections;
  try {
    server.listen({ host, port, backlog: acceptBacklog });
    await once(server, 'listening');
  } catch (cause) {
    throw new PortError(owner, formatHostPort(host, port), cause as NodeJS.ErrnoException);
  }
  // Accepting a connection may fail later; the next one may succeed.
  server.on('error', (error) => onAcceptError?.(error));
  const boundAddress = server.address();
  return {
    port: typeof boundAddress === 'object' && boundAddress !== null ? boundAddress.port : port,
    close: () => {
      server.close();
      // Connections in the middle of a TLS handshake are destroyed when it completes.
      server.removeAllListeners('secureConnection');
      server.on('secureConnection', (socket: Socket) => socket.destroy());
      // Open HTTP connections would keep the server open.
      if (server instanceof HttpServer || server instanceof HttpsServer) server.closeAllConnections();
    },
  };
}

/** Formats an address and port: `127.0.0.1:12000`, `[::1]:12000`. */
export function formatHostPort(host: string | undefined, port: number | undefined): string {
  const name = host ?? 'unknown';
  return `${name.includes(':') ? `[${name}]` : name}:${port ?? 0}`;
}

/** Key of the remote host of a connection for limits per address. */
export function remoteAddressOfSocket({ remoteAddress, remotePort }: Socket): string {
  return remoteHostOf(formatHostPort(remoteAddress, remotePort));
}

/** Whether an address is reachable from this machine only. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
