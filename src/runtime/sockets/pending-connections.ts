import type { Server, Socket } from 'node:net';
import { FairConnectionSet } from '../../actors/client/fair-connection-set.js';
import { remoteHostOf } from '../../actors/client/remote-host.js';
import { formatHostPort } from './listener.js';

/**
 * The connections of a listening server whose far end is not authenticated yet. Their number is bounded, so that they cannot use
 * up the places of those that are. Beyond the bound the oldest of the address that has the most is destroyed.
 */
export class PendingConnections {
  private readonly places: FairConnectionSet<Socket>;
  private readonly sockets = new Map<string, Socket>();

  /**
   * @param max connections that may be pending at once
   * @param onEvicted is called with the address and port of a connection that was destroyed to make room
   */
  constructor(
    max: number,
    private readonly onEvicted: (far: string) => void,
  ) {
    this.places = new FairConnectionSet(max);
  }

  /** Counts every connection that the server accepts from now on as pending. */
  attach(server: Server): void {
    // Of a TLS server this is the TCP connection, before the handshake.
    server.on('connection', (socket: Socket) => this.add(socket));
  }

  /** The far end of a connection is authenticated: it is no longer pending. */
  markAuthenticated(remoteAddress: string): void {
    const socket = this.sockets.get(remoteAddress);
    if (socket !== undefined) this.remove(socket, remoteAddress);
  }

  private add(socket: Socket): void {
    const { remoteAddress, remotePort } = socket;
    // The far end has reset it already.
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
