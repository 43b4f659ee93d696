import type { Socket } from 'node:net';

/** A way through a proxy: from who called it to the port behind it, or back. */
export type Direction = 'upstream' | 'downstream';

/** The sockets of a connection through a proxy: of who called it, and the one to the port behind it. */
export type Endpoint = 'client' | 'server';

/** A connection through a proxy. */
export interface ProxiedConnection {
  /** Resolves when both sockets are closed. */
  readonly ended: Promise<unknown>;
  /** Resets both sockets. */
  cut(): void;
  /** Breaks it as the system of a killed process does, which held the far end of this socket. */
  resetEndpoint(end: Endpoint): void;
  /** Ends one direction in good order, though nobody has closed it. What still comes is lost. */
  halfClose(direction: Direction): void;
}

/** Resolves when the socket is closed, whatever happens to it before. */
export function waitForClose(socket: Socket): Promise<void> {
  socket.on('error', () => undefined);
  return new Promise((resolve) => socket.on('close', () => resolve()));
}
