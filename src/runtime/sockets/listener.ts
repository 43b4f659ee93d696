import { once } from 'node:events';
import { Server as HttpServer } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import type { Server, Socket } from 'node:net';
import { remoteHostOf } from '../../actors/client/remote-host.js';
import { PortError } from '../errors.js';

/**
 * Connections that may wait to be accepted: as many phones as may come back in the moment that a network does. Beyond it the
 * system drops their packets, and each tries again after a second. The system has a limit of its own, often this one.
 */
const acceptBacklog = 4_096;

/**
 * Connections that a port takes beyond those that are served: they are in a handshake, or are just being told that there is no
 * room. Beyond it a connection is closed without a word, and costs nothing.
 */
const spareConnections = 1_000;

/** What is listened on. */
export interface ListenOptions {
  /** Whose port it is, for people. */
  readonly owner: string;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Is called with each connection that could not be accepted. libuv hides those for want of file descriptors on Linux. */
  readonly onAcceptError?: ((error: NodeJS.ErrnoException) => void) | undefined;
}

/** A port that is being listened on. */
export interface Listener {
  /** The port; the one that the system chose where 0 was asked for. */
  readonly port: number;
  /** Takes no more connections. Those there are stay. */
  close(): void;
}

/**
 * Listens on a TCP port.
 * @throws PortError naming the owner and the port, if the port is taken, not allowed, or not of this machine
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
  // Accepting may fail later: that caller is lost, and the next may get through.
  server.on('error', (error) => onAcceptError?.(error));
  const boundAddress = server.address();
  return {
    port: typeof boundAddress === 'object' && boundAddress !== null ? boundAddress.port : port,
    close: () => {
      server.close();
      // What is in the middle of a TLS handshake finds nobody behind the door.
      server.removeAllListeners('secureConnection');
      server.on('secureConnection', (socket: Socket) => socket.destroy());
      // A connection that has not become a client's yet would keep a web server open for as long as it likes.
      if (server instanceof HttpServer || server instanceof HttpsServer) server.closeAllConnections();
    },
  };
}

/** An address and port as people write it: `127.0.0.1:12000`, `[::1]:12000`. */
export function formatHostPort(host: string | undefined, port: number | undefined): string {
  const name = host ?? 'unknown';
  return `${name.includes(':') ? `[${name}]` : name}:${port ?? 0}`;
}

/** What the host at the far end of a connection is counted by. */
export function remoteAddressOfSocket({ remoteAddress, remotePort }: Socket): string {
  return remoteHostOf(formatHostPort(remoteAddress, remotePort));
}

/** Whether only this machine can reach an address that is listened on. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
