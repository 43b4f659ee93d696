import type { Server, Socket } from 'node:net';
import { FairConnectionSet } from '../../actors/client/fair-connection-set.js';
import { remoteHostOf } from '../../actors/client/remote-host.js';
import { formatHostPort } from './listener.js';

/**
 * Connections of a listening server whose remote end is not authenticated yet. Their number is limited, so that they cannot use up
 * the places of authenticated ones: beyond the limit the oldest connection of the address with the most is destroyed.
 */
export class PendingConnections {
  private readonly places: FairConnectionSet<Socket>;
  private readonly sockets = new Map<string, Socket>();

  /**
   * @param max maximum number of pending connections
   * @param onEvicted is called with the address and port of a connection that was destroyed
   */
  constructor(
    max: number,
    private readonly onEvicted: (remoteAddress: string) => void,
  ) {
    this.places = new FairConnectionSet(max);
  }

  /** Counts every new connection of a server as pending. */
  attach(server: Server): void {
    // For a TLS server this is the TCP connection before the handshake.
    server.on('connection', (socket: Socket) => this.add(socket));
  }

  /** Removes a connection, whose remote end is now authenticated. */
  markAuthenticated(remoteAddress: string): void {
    const socket = this.sockets.get(remoteAddress);
    if (socket !== undefined) this.remove(socket, remoteAddress);
  }

  private add(socket: Socket): void {
    const { remoteAddress, remotePort } = socket;
    // Already reset by the remote end.
    if (remoteAddress === undefined) return void socket.destroy();
    const remote = formatHostPort(remoteAddress, remotePort);
    this.sockets.set(remote, socket);
    socket.on('close', () => this.remove(socket, remote));
    const evicted = this.places.add(socket, remoteHostOf(remote));
    if (evicted !== undefined) this.evict(evicted);
  }

  private evict(socket: Socket): void {
    const remote = formatHostPort(socket.remoteAddress, socket.remotePort);
    this.sockets.delete(remote);
    socket.destroy();
    this.onEvicted(remote);
  }

  private remove(socket: Socket, remote: string): void {
    this.places.delete(socket);
    if (this.sockets.get(remote) === socket) this.sockets.delete(remote);
  }
}
