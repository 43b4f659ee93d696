import type { Server, Socket } from 'node:net';
import { FairPlaces } from '../../actors/client/fair-places.js';
import { remoteAddressOf } from '../../actors/client/remote-address.js';
import { hostAndPort } from './listening.js';

/**
 * The connections of a listening server whose far end is not authenticated yet. Their number is bounded, so that they cannot use
 * up the places of those that are. Beyond the bound the oldest of the address that has the most is destroyed.
 */
export class PendingConnections {
  private readonly places: FairPlaces<Socket>;
  private readonly sockets = new Map<string, Socket>();

  /**
   * @param max connections that may be pending at once
   * @param onEvicted is called with the address and port of a connection that was destroyed to make room
   */
  constructor(
    max: number,
    private readonly onEvicted: (far: string) => void,
  ) {
    this.places = new FairPlaces(max);
  }

  /** Counts every connection that the server accepts from now on as pending. */
  watch(server: Server): void {
    // Of a TLS server this is the TCP connection, before the handshake.
    server.on('connection', (socket: Socket) => this.add(socket));
  }

  /** The far end of a connection is authenticated: it is no longer pending. */
  settle(far: string): void {
    const socket = this.sockets.get(far);
    if (socket !== undefined) this.remove(socket, far);
  }

  private add(socket: Socket): void {
    const { remoteAddress, remotePort } = socket;
    // The far end has reset it already.
    if (remoteAddress === undefined) return void socket.destroy();
    const far = hostAndPort(remoteAddress, remotePort);
    this.sockets.set(far, socket);
    socket.on('close', () => this.remove(socket, far));
    const evicted = this.places.add(socket, remoteAddressOf(far));
    if (evicted !== undefined) this.evict(evicted);
  }

  private evict(socket: Socket): void {
    const far = hostAndPort(socket.remoteAddress, socket.remotePort);
    this.sockets.delete(far);
    socket.destroy();
    this.onEvicted(far);
  }

  private remove(socket: Socket, far: string): void {
    this.places.delete(socket);
    if (this.sockets.get(far) === socket) this.sockets.delete(far);
  }
}
