import type { Socket } from 'node:net';

/** A direction through a proxy: from the client to the port behind it, or back. */
export type Direction = 'upstream' | 'downstream';

/** The sockets of a proxied connection: that of the client, and that to the port behind the proxy. */
export type Endpoint = 'client' | 'server';

/** A connection through a proxy. */
export interface ProxiedConnection {
  /** Resolves when both sockets are closed. */
  readonly ended: Promise<unknown>;
  /** Resets both sockets. */
  cut(): void;
  /** Closes it as the operating system of a killed process at this endpoint does. */
  resetEndpoint(end: Endpoint): void;
  /** Ends one direction in an orderly way, although neither side has closed it. What still arrives is lost. */
  halfClose(direction: Direction): void;
}

/** Resolves when the socket is closed, for any reason. */
export function waitForClose(socket: Socket): Promise<void> {
  socket.on('error', () => undefined);
  return new Promise((resolve) => socket.on('close', () => resolve()));
}
