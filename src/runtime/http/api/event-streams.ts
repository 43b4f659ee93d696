import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AddressQuota } from '../../../actors/client/address-quota.js';
import type { Clock } from '../../../actors/ports/clock.js';
import { remoteAddressOfSocket } from '../../sockets/listener.js';
import type { HttpConnections } from '../server/http-connections.js';
import { HttpError } from '../server/http-error.js';
import { SseClient } from './sse-client.js';

/** Opens streams of server-sent events, with a maximum per address. */
export class EventStreams {
  constructor(
    private readonly options: {
      readonly clock: Clock;
      readonly subscribersPerAddress: AddressQuota;
      readonly maxSubscribersPerAddress: number;
    },
    private readonly connections: HttpConnections,
  ) {}

  /**
   * Responds to a request with a stream of events.
   * @param onGone called once, when the stream is closed
   * @throws HttpError if the client has disconnected, or its address has the maximum of subscriptions
   */
  open(request: FastifyRequest, reply: FastifyReply, onGone: (client: SseClient) => void): SseClient {
    const { clock, subscribersPerAddress, maxSubscribersPerAddress } = this.options;
    // A closed response emits no further event, so its slot would never be released.
    if (reply.raw.destroyed) throw new HttpError(503, 'client disconnected');
    const address = remoteAddressOfSocket(request.raw.socket);
    if (!subscribersPerAddress.tryAcquire(address)) {
      throw new HttpError(
        503,
        `too many subscriptions from this address (limit ${maxSubscribersPerAddress}): close one first`,
      );
    }
    reply.hijack();
    const onWrite = (pendingBytes: number) => this.connections.recordWrite(request.raw, pendingBytes);
    const onClose = () => {
      subscribersPerAddress.release(address);
      onGone(client);
    };
    const client = new SseClient(reply.raw, { clock, onWrite }, onClose, reply.getHeaders() as Record<string, string>);
    return client;
  }
}
